// The WebSocket to the server: opens itself again whenever it closes, measures the server's clock, hands messages on.

const PROTOCOL = 2;
const HEADER = 16;                 // bytes: version u8, kind u8, flags u16, word u32, present_at f64
const PICTURE = 1, SOUND = 2, CODE = 3, STILL = 1;
const BURST = 8;                   // pings right after opening, 25 ms apart
const PING = 1;                    // s between pings later
const SILENCE = 4;                 // s without a pong: the link is dead, whatever the socket thinks
const MIN_WAIT = 0.1, MAX_WAIT = 1;  // s before opening again

const now = () => performance.now() / 1000;

export class Link {
  // url() is asked at every opening.
  // on: {picture(presentAt, bytes, still), code(presentAt, tag, numbers, still), sound(presentAt, rate, samples),
  //      hello(message), info(values), note(values), estimate(values), stop(), state(word)}
  constructor(url, clock, on) {
    Object.assign(this, { url, clock, on, state: "connecting", wait: MIN_WAIT, listening: false, opened: 0, broken: 0 });
    this.#open();
    setInterval(() => this.#tick(), 250);
    addEventListener("online", () => { if (this.state !== "open") this.#retry(0); });
  }

  listen(on) {
    this.listening = on;
    this.#send({ type: "sound", on });
  }

  // One of the things that the server offers to do, with as many numbers in -1..1 as it takes.
  act(action, numbers = []) { this.#send({ type: "do", action, numbers }); }

  // Close, and open at once with the address as it is now.
  reopen() {
    this.socket.onclose = null;
    this.socket.close();
    this.#retry(0);
  }

  #open() {
    clearTimeout(this.timer);
    const socket = new WebSocket(this.url());
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.clock.reset();
      this.wait = MIN_WAIT;
      this.opened += 1;
      this.pinged = now();
      this.asked = null;            // when the first ping left that has no answer yet
      for (let i = 0; i < BURST; i += 1) setTimeout(() => this.#ping(), 25 * i);
      if (this.listening) this.listen(true);
      this.#become("open");
    };
    socket.onmessage = (event) => { if (this.socket === socket) this.#receive(event.data); };
    socket.onclose = () => { if (this.socket === socket) this.#retry(this.wait * (0.7 + 0.3 * Math.random())); };
  }

  #retry(wait) {
    this.#become(this.opened ? "reconnecting" : "connecting");
    this.wait = Math.min(MAX_WAIT, this.wait * 2);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#open(), wait * 1000);
  }

  #tick() {
    if (this.state !== "open") return;
    if (this.asked !== null && now() - this.asked > SILENCE) {
      this.reopen();
    } else if (now() - this.pinged >= PING) {
      this.#ping();
    }
  }

  #ping() {
    this.pinged = now();
    this.asked ??= this.pinged;
    this.#send({ type: "ping", t0: this.pinged });
  }

  #send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.on.state(state);
  }

  #receive(data) {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      if (message.type === "pong") {
        this.asked = null;
        this.clock.sample(message.t0, message.t1, message.t2, now());
      } else if (message.type === "hello") {
        this.on.hello(message);
      } else if (message.type === "info") {
        this.on.info(message.values);
      } else if (message.type === "note") {
        this.on.note(message.values);
      } else if (message.type === "estimate") {
        this.on.estimate(message.values);
      } else if (message.type === "stop") {
        this.on.stop();
      }
      return;
    }
    if (data.byteLength < HEADER) { this.broken += 1; return; }
    const view = new DataView(data);
    const kind = view.getUint8(1), size = data.byteLength - HEADER;
    const presentAt = view.getFloat64(8, true), word = view.getUint32(4, true);
    const still = (view.getUint16(2, true) & STILL) !== 0;
    if (view.getUint8(0) !== PROTOCOL || !Number.isFinite(presentAt)) {
      this.broken += 1;
    } else if (kind === PICTURE) {
      this.on.picture(presentAt, new Uint8Array(data, HEADER), still);
    } else if (kind === SOUND && size % 2 === 0) {
      this.on.sound(presentAt, word, new Int16Array(data, HEADER));
    } else if (kind === CODE && size % 4 === 0) {
      this.on.code(presentAt, word, new Float32Array(data, HEADER), still);
    } else {
      this.broken += 1;
    }
  }
}
