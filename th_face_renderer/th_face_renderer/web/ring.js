// The last so many numbers, and their percentiles.

export class Ring {
  constructor(size) {
    this.values = new Float64Array(size);
    this.count = 0;
  }

  push(value) {
    this.values[this.count % this.values.length] = value;
    this.count += 1;
  }

  clear() { this.count = 0; }

  // {n, p50, p95, p99, max} of the absolute values, and the median with its sign.
  summary() {
    const n = Math.min(this.count, this.values.length);
    if (!n) return { n: 0 };
    const plain = this.values.slice(0, n).sort();
    const sizes = plain.map(Math.abs).sort();
    const at = (sorted, share) => Number(sorted[Math.min(n - 1, Math.floor(share * n))].toFixed(3));
    return { n, median: at(plain, 0.5), p50: at(sizes, 0.5), p95: at(sizes, 0.95), p99: at(sizes, 0.99), max: at(sizes, 1) };
  }
}
