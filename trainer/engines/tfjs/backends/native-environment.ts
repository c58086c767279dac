/** Settings that TensorFlow's library reads from the process's environment, which a worker thread can't change. */

/** Call in the main thread before threads load the library. What the user has set stays. */
export function setNativeEnvironment(): void {
  // Take GPU memory as it is needed: by default the library takes nearly all of it at once.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // The addon computes on the last GPU that it sees.
  process.env.CUDA_VISIBLE_DEVICES ??= '0';
  // Each replica computes in its own thread. Threads of the library, which all replicas share, would be in their way.
  process.env.TF_NUM_INTRAOP_THREADS ??= '1';
  // Errors and warnings only.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
}
