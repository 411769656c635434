// Band-limited resampling of a stream in pieces: a windowed sinc, read at any step between output samples.
//
// The output is the same however the input is cut. The step may change between pieces (to follow a drifting clock)
// without a click, because position and past samples are kept.

const ZERO_CROSSINGS = 16;
const TABLE = 512;          // kernel entries per zero crossing; between them it is interpolated

const kernel = new Float32Array(ZERO_CROSSINGS * TABLE + 2);
for (let i = 0; i <= ZERO_CROSSINGS * TABLE; i += 1) {
  const x = i / TABLE;
  const window = 0.42 + 0.5 * Math.cos((Math.PI * x) / ZERO_CROSSINGS) + 0.08 * Math.cos((2 * Math.PI * x) / ZERO_CROSSINGS);
  kernel[i] = window * (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
}

export class Resampler {
  // nominal: input samples per output sample, about which the step will stay.
  constructor(nominal) {
    this.cutoff = Math.min(1, 1 / nominal) * (nominal > 1.001 ? 0.95 : 1);
    this.half = Math.ceil(ZERO_CROSSINGS / this.cutoff);
    this.reset();
  }

  reset() {
    this.past = new Float32Array(2 * this.half);
    this.position = 0;      // of the next output sample, in input samples from the first sample of the next piece
  }

  // Float32Array in, Float32Array out; `step` input samples per output sample.
  push(samples, step) {
    const { half, cutoff } = this;
    const all = new Float32Array(this.past.length + samples.length);
    all.set(this.past);
    all.set(samples, this.past.length);
    // The last output position whose kernel lies within what is known.
    const end = samples.length - half;
    const count = Math.max(0, Math.ceil((end - this.position) / step));
    const out = new Float32Array(count);
    const scale = cutoff * TABLE;
    for (let i = 0; i < count; i += 1) {
      const at = this.past.length + this.position + i * step;
      const first = Math.max(0, Math.ceil(at - half));
      const last = Math.min(all.length - 1, Math.floor(at + half));
      let sum = 0;
      for (let k = first; k <= last; k += 1) {
        const x = Math.abs(at - k) * scale;
        const j = x | 0;
        if (j < ZERO_CROSSINGS * TABLE) sum += all[k] * (kernel[j] + (x - j) * (kernel[j + 1] - kernel[j]));
      }
      out[i] = sum * cutoff;
    }
    this.position += count * step - samples.length;
    this.past = all.slice(all.length - this.past.length);
    return out;
  }
}
