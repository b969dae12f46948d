/** The only source of time under the protocol, so that tests turn the hands themselves. */
export interface Clock {
  /** Calls back once after `ms` milliseconds; returns what cancels it. */
  schedule(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  schedule(ms, callback) {
    const timer = setTimeout(callback, ms);
    // An idle limit must never keep a stopping process alive.
    timer.unref();
    return () => clearTimeout(timer);
  },
};
