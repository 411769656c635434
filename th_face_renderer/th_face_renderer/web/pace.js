// How many of the screen's pixels are drawn: all, unless the machine cannot keep up (a robot without a graphics card).

const SLOW = 0.05;          // s between drawings that follow each other: slower is seen as stuttering
const FAST = 0.03;
const PATIENCE = 2;         // s of slowness before fewer are drawn
const STEP = 0.75, LEAST = 0.4;     // of the sides
const PROBATION = 20;       // s of ease before more are tried again, twice as long after every relapse

export class Pace {
  constructor() {
    this.scale = 1;
    this.wait = PROBATION;
    this.#watch();
  }

  // So many s passed between two drawings that follow each other. True if the scale changed.
  took(seconds) {
    if (seconds > 1) return false;      // asleep, not slow
    this.interval += (seconds - this.interval) * 0.1;
    this.slow = this.interval > SLOW ? this.slow + seconds : 0;
    this.easy = this.interval < FAST ? this.easy + seconds : 0;
    if (this.slow > PATIENCE && this.scale > LEAST) {
      if (this.raised) this.wait *= 2;
      this.scale = Math.max(LEAST, this.scale * STEP);
    } else if (this.easy > this.wait && this.scale < 1) {
      this.scale = Math.min(1, this.scale / STEP);
      this.raised = true;
    } else {
      return false;
    }
    this.#watch();
    return true;
  }

  #watch() { Object.assign(this, { interval: 1 / 60, slow: 0, easy: 0 }); }
}
