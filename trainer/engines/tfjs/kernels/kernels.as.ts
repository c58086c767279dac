/**
 * Kernels in AssemblyScript for the heap of tfjs-backend-wasm, whose memory this module imports. It owns no memory: every
 * argument is a byte offset of float32 (or int32) values in that heap. Compiled twice, with and without relaxed SIMD.
 *
 * Shapes are given as [rows, columns], row-major. Row widths are multiples of 4 unless a docstring says otherwise.
 * Every output row is a function of its own input row alone, in a fixed order of operations: what else is in the batch
 * changes no bit of it.
 */

/** Rows and columns of C that the inner kernel of `gemm` holds in registers; a lower one does what six rows do not divide. */
const MR: i32 = 6;
const LOW: i32 = 4;
const NR: i32 = 8;
/** Depth and rows of A that are packed at a time: the packed block of A stays in the L2 cache. */
const KC: i32 = 384;
const MC: i32 = 72;
/** Query rows that attention takes at a time. */
const QUERY_BLOCK: i32 = 48;

// @ts-ignore: decorator
@inline
function bytes(floats: i32): usize {
  return (<usize>floats) << 2;
}

// @ts-ignore: decorator
@inline
function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** Where `placeConstants` wrote the numbers of `exp4`: a vector constant in code costs five instructions, a load one. */
let constants: usize = 0;

/** Writes the numbers that the other kernels load: to be called once, with 48 bytes that stay theirs. */
export function placeConstants(at: usize): void {
  constants = at;
  store<f32>(at, 88.0);
  store<f32>(at, -87.0, 4);
  store<f32>(at, 1.44269504, 8);
  store<f32>(at, 12582912.0, 12);
  store<f32>(at, -0.693359375, 16);
  store<f32>(at, 2.1219444e-4, 20);
  store<f32>(at, 1.98756915e-4, 24);
  store<f32>(at, 1.3981999507e-3, 28);
  store<f32>(at, 8.3334519073e-3, 32);
  store<f32>(at, 4.1665795894e-2, 36);
  store<f32>(at, 1.6666665459e-1, 40);
  store<f32>(at, 5.0000001201e-1, 44);
}

/**
 * e^x to about 2 units in the last place; the argument is clamped to [-87, 88]. Cephes' polynomial. Adding 1.5 * 2^23 rounds to
 * the nearest integer and leaves it in the lowest bits. `pmin` and `pmax` keep a NaN that stands first, at a fraction of the
 * cost of `min` and `max`.
 */
// @ts-ignore: decorator
@inline
function exp4(argument: v128): v128 {
  const at = constants;
  const x = f32x4.pmax(f32x4.pmin(argument, v128.load_splat<f32>(at)), v128.load_splat<f32>(at, 4));
  const rounder = v128.load_splat<f32>(at, 12);
  const rounded = multiplyAdd(x, v128.load_splat<f32>(at, 8), rounder);
  const n = f32x4.sub(rounded, rounder);
  let r = multiplyAdd(n, v128.load_splat<f32>(at, 16), x);
  r = multiplyAdd(n, v128.load_splat<f32>(at, 20), r);
  let p = v128.load_splat<f32>(at, 24);
  p = multiplyAdd(p, r, v128.load_splat<f32>(at, 28));
  p = multiplyAdd(p, r, v128.load_splat<f32>(at, 32));
  p = multiplyAdd(p, r, v128.load_splat<f32>(at, 36));
  p = multiplyAdd(p, r, v128.load_splat<f32>(at, 40));
  p = multiplyAdd(p, r, v128.load_splat<f32>(at, 44));
  p = f32x4.add(multiplyAdd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  return i32x4.add(p, i32x4.shl(rounded, 23));
}

// @ts-ignore: decorator
@inline
function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/**
 * ln x of a positive finite x to 1e-12. The standard library's comes with a table as static data, which would land in the
 * middle of the host's memory: this module must have none.
 */
function naturalLog(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let exponent = <i32>((bits >> 52) & 0x7ff) - 1023;
  let mantissa = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5;
    exponent++;
  }
  const s = (mantissa - 1.0) / (mantissa + 1.0);
  const z = s * s;
  let series: f64 = 1.0 / 15.0;
  series = series * z + 1.0 / 13.0;
  series = series * z + 1.0 / 11.0;
  series = series * z + 1.0 / 9.0;
  series = series * z + 1.0 / 7.0;
  series = series * z + 1.0 / 5.0;
  series = series * z + 1.0 / 3.0;
  return <f64>exponent * 0.6931471805599453 + 2.0 * s * (1.0 + z * series);
}

// ---- matrix product -------------------------------------------------------------------------------------------------

/** Packs rows k0..k0+depth of op(B) [K, N] into panels of NR columns, the last one padded with zeros. */
function packB(to: usize, b: usize, ldb: i32, transposed: bool, k0: i32, depth: i32, N: i32): void {
  const stride = bytes(ldb);
  for (let j = 0; j < N; j += NR) {
    const columns = min(NR, N - j);
    if (columns < NR) {
      for (let k = k0; k < k0 + depth; k++) {
        for (let x = 0; x < NR; x++) {
          const from = transposed ? b + bytes((j + x) * ldb + k) : b + bytes(k * ldb + j + x);
          store<f32>(to + bytes(x), x < columns ? load<f32>(from) : 0);
        }
        to += bytes(NR);
      }
    } else if (!transposed) {
      let from = b + bytes(k0 * ldb + j);
      for (let k = 0; k < depth; k++) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        to += bytes(NR);
        from += stride;
      }
    } else {
      let from = b + bytes(j * ldb + k0);
      let k = 0;
      for (; k + 4 <= depth; k += 4) {
        for (let half: usize = 0; half < 2; half++) {
          const p = from + half * 4 * stride;
          const r0 = v128.load(p);
          const r1 = v128.load(p + stride);
          const r2 = v128.load(p + 2 * stride);
          const r3 = v128.load(p + 3 * stride);
          const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
          const t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
          const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
          const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
          const q = to + half * 16;
          v128.store(q, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
          v128.store(q, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7), 32);
          v128.store(q, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5), 64);
          v128.store(q, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7), 96);
        }
        to += 128;
        from += 16;
      }
      for (; k < depth; k++) {
        for (let x = 0; x < NR; x++) store<f32>(to + bytes(x), load<f32>(from + <usize>x * stride));
        to += bytes(NR);
        from += 4;
      }
    }
  }
}

/** Rows of the next panel of A when `left` are left: sixes, and fours where these waste less. */
// @ts-ignore: decorator
@inline
function panelRows(left: i32): i32 {
  return left > 8 || left == 6 || left == 5 ? MR : LOW;
}

/** Packs rows i0..i0+rows, columns k0..k0+depth of op(A) [M, K] into panels of `panelRows`, the last one padded with zeros. */
function packA(to: usize, a: usize, lda: i32, transposed: bool, i0: i32, rows: i32, k0: i32, depth: i32): void {
  const stride = bytes(lda);
  for (let i = 0; i < rows; ) {
    const height = panelRows(rows - i);
    const panel = min(height, rows - i);
    let from = transposed ? a + bytes(k0 * lda + i0 + i) : a + bytes((i0 + i) * lda + k0);
    const next: usize = transposed ? stride : 4;
    if (panel < height) {
      const across: usize = transposed ? 4 : stride;
      for (let k = 0; k < depth; k++) {
        for (let x = 0; x < height; x++) store<f32>(to + bytes(x), x < panel ? load<f32>(from + <usize>x * across) : 0);
        to += bytes(height);
        from += next;
      }
    } else if (transposed) {
      for (let k = 0; k < depth; k++) {
        v128.store(to, v128.load(from));
        if (height == MR) store<u64>(to, load<u64>(from, 16), 16);
        to += bytes(height);
        from += next;
      }
    } else {
      for (let k = 0; k < depth; k++) {
        store<f32>(to, load<f32>(from));
        store<f32>(to, load<f32>(from + stride), 4);
        store<f32>(to, load<f32>(from + 2 * stride), 8);
        store<f32>(to, load<f32>(from + 3 * stride), 12);
        if (height == MR) {
          store<f32>(to, load<f32>(from + 4 * stride), 16);
          store<f32>(to, load<f32>(from + 5 * stride), 20);
        }
        to += bytes(height);
        from += next;
      }
    }
    i += height;
  }
}

// @ts-ignore: decorator
@inline
function storeRow(c: usize, left: v128, right: v128, alpha: v128, accumulate: bool): void {
  if (accumulate) {
    v128.store(c, f32x4.add(f32x4.mul(left, alpha), v128.load(c)));
    v128.store(c, f32x4.add(f32x4.mul(right, alpha), v128.load(c, 16)), 16);
  } else {
    v128.store(c, f32x4.mul(left, alpha));
    v128.store(c, f32x4.mul(right, alpha), 16);
  }
}

/** C[MR, NR] (+)= alpha * panel of A * panel of B, all twelve accumulators in registers. */
function microKernel(depth: i32, a: usize, b: usize, c: usize, stride: usize, accumulate: bool, alpha: f32): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  let c40 = f32x4.splat(0), c41 = f32x4.splat(0);
  let c50 = f32x4.splat(0), c51 = f32x4.splat(0);
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    x = v128.load_splat<f32>(a, 4);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    x = v128.load_splat<f32>(a, 8);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    x = v128.load_splat<f32>(a, 12);
    c30 = multiplyAdd(x, b0, c30);
    c31 = multiplyAdd(x, b1, c31);
    x = v128.load_splat<f32>(a, 16);
    c40 = multiplyAdd(x, b0, c40);
    c41 = multiplyAdd(x, b1, c41);
    x = v128.load_splat<f32>(a, 20);
    c50 = multiplyAdd(x, b0, c50);
    c51 = multiplyAdd(x, b1, c51);
    b += bytes(NR);
    a += bytes(MR);
  }
  const factor = f32x4.splat(alpha);
  storeRow(c, c00, c01, factor, accumulate);
  c += stride;
  storeRow(c, c10, c11, factor, accumulate);
  c += stride;
  storeRow(c, c20, c21, factor, accumulate);
  c += stride;
  storeRow(c, c30, c31, factor, accumulate);
  c += stride;
  storeRow(c, c40, c41, factor, accumulate);
  c += stride;
  storeRow(c, c50, c51, factor, accumulate);
}

/** The same for LOW rows. */
function lowMicroKernel(depth: i32, a: usize, b: usize, c: usize, stride: usize, accumulate: bool, alpha: f32): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    x = v128.load_splat<f32>(a, 4);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    x = v128.load_splat<f32>(a, 8);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    x = v128.load_splat<f32>(a, 12);
    c30 = multiplyAdd(x, b0, c30);
    c31 = multiplyAdd(x, b1, c31);
    b += bytes(NR);
    a += bytes(LOW);
  }
  const factor = f32x4.splat(alpha);
  storeRow(c, c00, c01, factor, accumulate);
  c += stride;
  storeRow(c, c10, c11, factor, accumulate);
  c += stride;
  storeRow(c, c20, c21, factor, accumulate);
  c += stride;
  storeRow(c, c30, c31, factor, accumulate);
}

/** Bytes of scratch that `gemm` needs for N columns; `gemmPacked` needs those for none. */
export function gemmScratchBytes(N: i32): usize {
  return bytes(KC * (MC + MR) + MR * NR + KC * (N + NR));
}

/**
 * C[M, N] (+)= alpha * op(A)[M, K] * op(B)[K, N]. op(A) is A stored [M, K], or [K, M] when `ta`; op(B) likewise.
 * `lda`, `ldb`, `ldc` are row strides in floats; no width need be a multiple of 4.
 */
export function gemm(
  a: usize, lda: i32, ta: bool, b: usize, ldb: i32, tb: bool, c: usize, ldc: i32,
  M: i32, N: i32, K: i32, alpha: f32, accumulate: bool, scratch: usize,
): void {
  const packedB = scratch + gemmScratchBytes(-NR);
  for (let k0 = 0; k0 < K; k0 += KC) {
    const depth = min(KC, K - k0);
    packB(packedB, b, ldb, tb, k0, depth, N);
    multiplyBlock(a, lda, ta, packedB, c, ldc, M, N, k0, depth, alpha, accumulate || k0 > 0, scratch);
  }
}

/** Bytes that `packWeight` fills. */
export function packedWeightBytes(K: i32, N: i32): usize {
  return bytes(K * (N + NR));
}

/** Packs a weight [N, K] once for many calls of `gemmPacked`. */
export function packWeight(weight: usize, packed: usize, N: i32, K: i32): void {
  for (let k0 = 0; k0 < K; k0 += KC) packB(packed + packedWeightBytes(k0, N), weight, K, true, k0, min(KC, K - k0), N);
}

/** C[M, N] = A[M, K] times the transpose of a weight [N, K]: to the bit what `gemm` gives. */
export function gemmPacked(a: usize, packed: usize, c: usize, M: i32, N: i32, K: i32, scratch: usize): void {
  for (let k0 = 0; k0 < K; k0 += KC) {
    multiplyBlock(a, K, false, packed + packedWeightBytes(k0, N), c, N, M, N, k0, min(KC, K - k0), 1, k0 > 0, scratch);
  }
}

/** Adds to C what columns k0..k0+depth of op(A) and the packed rows of op(B) give, or sets it. */
function multiplyBlock(
  a: usize, lda: i32, ta: bool, packedB: usize, c: usize, ldc: i32,
  M: i32, N: i32, k0: i32, depth: i32, alpha: f32, add: bool, scratch: usize,
): void {
  const packedA = scratch;
  const tile = packedA + bytes(KC * (MC + MR));
  for (let i0 = 0; i0 < M; i0 += MC) {
    const rows = min(MC, M - i0);
    packA(packedA, a, lda, ta, i0, rows, k0, depth);
    for (let j = 0; j < N; j += NR) {
      const columns = min(NR, N - j);
      const panelB = packedB + bytes(j * depth);
      for (let i = 0; i < rows; ) {
        const height = panelRows(rows - i);
        const panelA = packedA + bytes(i * depth);
        const at = c + bytes((i0 + i) * ldc + j);
        const filled = min(height, rows - i);
        const whole = filled == height && columns == NR;
        const to = whole ? at : tile;
        const stride = bytes(whole ? ldc : NR);
        if (height == MR) microKernel(depth, panelA, panelB, to, stride, whole && add, alpha);
        else lowMicroKernel(depth, panelA, panelB, to, stride, whole && add, alpha);
        i += height;
        if (whole) continue;
        for (let y = 0; y < filled; y++) {
          for (let x = 0; x < columns; x++) {
            const q = at + bytes(y * ldc + x);
            const value = load<f32>(tile + bytes(y * NR + x));
            store<f32>(q, add ? value + load<f32>(q) : value);
          }
        }
      }
    }
  }
}

/** sum[n] = x + y; any n. */
export function add(x: usize, y: usize, sum: usize, n: i32): void {
  let j = 0;
  for (; j + 4 <= n; j += 4) v128.store(sum + bytes(j), f32x4.add(v128.load(x + bytes(j)), v128.load(y + bytes(j))));
  for (; j < n; j++) store<f32>(sum + bytes(j), load<f32>(x + bytes(j)) + load<f32>(y + bytes(j)));
}

/** x[n, d] += bias[d] for every row, in place; any d. */
export function addBias(x: usize, bias: usize, n: i32, d: i32): void {
  for (let i = 0; i < n; i++) {
    const row = x + bytes(i * d);
    let j = 0;
    for (; j + 4 <= d; j += 4) v128.store(row + bytes(j), f32x4.add(v128.load(row + bytes(j)), v128.load(bias + bytes(j))));
    for (; j < d; j++) store<f32>(row + bytes(j), load<f32>(row + bytes(j)) + load<f32>(bias + bytes(j)));
  }
}

/** sums[d] = sum over rows of x[n, d]; any d. */
export function columnSums(x: usize, sums: usize, n: i32, d: i32): void {
  memory.fill(sums, 0, bytes(d));
  for (let i = 0; i < n; i++) addBias(sums, x + bytes(i * d), 1, d);
}

// ---- normalisation and activations ----------------------------------------------------------------------------------

/** y[n, d] = x * r * gain with r[n] = 1 / sqrt(mean(x^2) + epsilon), which is kept for the backward pass. */
export function rmsNormForward(x: usize, gain: usize, y: usize, r: usize, n: i32, d: i32, epsilon: f32): void {
  for (let i = 0; i < n; i++) {
    const from = x + bytes(i * d);
    const to = y + bytes(i * d);
    let squares = f32x4.splat(0);
    for (let j = 0; j < d; j += 4) {
      const v = v128.load(from + bytes(j));
      squares = multiplyAdd(v, v, squares);
    }
    const scale: f32 = 1.0 / sqrt<f32>(sumLanes(squares) / <f32>d + epsilon);
    store<f32>(r + bytes(i), scale);
    const factor = f32x4.splat(scale);
    for (let j = 0; j < d; j += 4) {
      v128.store(to + bytes(j), f32x4.mul(f32x4.mul(v128.load(from + bytes(j)), factor), v128.load(gain + bytes(j))));
    }
  }
}

/** From dy[n, d]: dx[n, d] and dgain[d]. */
export function rmsNormBackward(x: usize, gain: usize, r: usize, dy: usize, dx: usize, dgain: usize, n: i32, d: i32): void {
  memory.fill(dgain, 0, bytes(d));
  for (let i = 0; i < n; i++) {
    const xRow = x + bytes(i * d);
    const dyRow = dy + bytes(i * d);
    const dxRow = dx + bytes(i * d);
    const scale = load<f32>(r + bytes(i));
    const factor = f32x4.splat(scale);
    let dot = f32x4.splat(0);
    for (let j = 0; j < d; j += 4) {
      const q = bytes(j);
      const xv = v128.load(xRow + q);
      const dv = v128.load(dyRow + q);
      dot = multiplyAdd(f32x4.mul(dv, v128.load(gain + q)), xv, dot);
      v128.store(dgain + q, multiplyAdd(f32x4.mul(xv, factor), dv, v128.load(dgain + q)));
    }
    const along = f32x4.splat((sumLanes(dot) * scale * scale * scale) / <f32>d);
    for (let j = 0; j < d; j += 4) {
      const q = bytes(j);
      const direct = f32x4.mul(f32x4.mul(v128.load(dyRow + q), v128.load(gain + q)), factor);
      v128.store(dxRow + q, f32x4.sub(direct, f32x4.mul(v128.load(xRow + q), along)));
    }
  }
}

// @ts-ignore: decorator
@inline
function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** y[n, f] = silu(gate) * up, where a row of gateUp[n, 2f] is gate then up. */
export function swigluForward(gateUp: usize, y: usize, n: i32, f: i32): void {
  for (let i = 0; i < n; i++) {
    const gate = gateUp + bytes(i * 2 * f);
    const up = gate + bytes(f);
    const to = y + bytes(i * f);
    for (let j = 0; j < f; j += 4) {
      const q = bytes(j);
      const g = v128.load(gate + q);
      v128.store(to + q, f32x4.mul(f32x4.mul(g, sigmoid4(g)), v128.load(up + q)));
    }
  }
}

/** dgateUp[n, 2f] from dy[n, f]. */
export function swigluBackward(gateUp: usize, dy: usize, dgateUp: usize, n: i32, f: i32): void {
  const one = f32x4.splat(1);
  for (let i = 0; i < n; i++) {
    const gate = gateUp + bytes(i * 2 * f);
    const up = gate + bytes(f);
    const dgate = dgateUp + bytes(i * 2 * f);
    const dup = dgate + bytes(f);
    const from = dy + bytes(i * f);
    for (let j = 0; j < f; j += 4) {
      const q = bytes(j);
      const g = v128.load(gate + q);
      const s = sigmoid4(g);
      const d = v128.load(from + q);
      const silu = f32x4.mul(g, s);
      v128.store(dup + q, f32x4.mul(d, silu));
      const slope = f32x4.add(s, f32x4.mul(silu, f32x4.sub(one, s)));
      v128.store(dgate + q, f32x4.mul(f32x4.mul(d, v128.load(up + q)), slope));
    }
  }
}

/** erf(x), absolute error below 1.5e-7 (Abramowitz and Stegun 7.1.26). */
function erf1(x: f32): f32 {
  const t: f32 = 1.0 / (1.0 + 0.3275911 * abs<f32>(x));
  const poly: f32 = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return copysign<f32>(1.0 - poly * exp1(-x * x), x);
}

/** y[n] = x * Phi(x), the exact GELU; any n. */
export function geluForward(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const v = load<f32>(x + bytes(i));
    store<f32>(y + bytes(i), 0.5 * v * (1.0 + erf1(v * 0.70710678)));
  }
}

/** dx[n] from dy[n]; any n. */
export function geluBackward(x: usize, dy: usize, dx: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const v = load<f32>(x + bytes(i));
    const slope: f32 = 0.5 * (1.0 + erf1(v * 0.70710678)) + v * 0.39894228 * exp1(-0.5 * v * v);
    store<f32>(dx + bytes(i), load<f32>(dy + bytes(i)) * slope);
  }
}

// ---- rotary positions and attention ---------------------------------------------------------------------------------

/**
 * Rotates the first `heads` heads of each row of x[n, width] by the angles whose cosines and sines are
 * cos[n, headDim / 2], sin[n, headDim / 2]; the rest of the row is copied. `direction` -1 turns back. headDim is a multiple of 8.
 */
export function rotate(
  x: usize, y: usize, cos: usize, sin: usize, n: i32, heads: i32, headDim: i32, width: i32, direction: f32,
): void {
  const half = headDim >> 1;
  const sign = f32x4.splat(direction);
  for (let i = 0; i < n; i++) {
    const from = x + bytes(i * width);
    const to = y + bytes(i * width);
    const c = cos + bytes(i * half);
    const s = sin + bytes(i * half);
    for (let j = 0; j < half; j += 4) {
      const cj = v128.load(c + bytes(j));
      const sj = f32x4.mul(sign, v128.load(s + bytes(j)));
      for (let h = 0; h < heads; h++) {
        const lower = bytes(h * headDim + j);
        const upper = lower + bytes(half);
        const a = v128.load(from + lower);
        const b = v128.load(from + upper);
        v128.store(to + lower, f32x4.sub(f32x4.mul(a, cj), f32x4.mul(b, sj)));
        v128.store(to + upper, f32x4.add(f32x4.mul(b, cj), f32x4.mul(a, sj)));
      }
    }
    const rest = bytes(heads * headDim);
    memory.copy(to + rest, from + rest, bytes(width) - rest);
  }
}

/** Softmax of the first `count` entries of a row in place; entries up to `width` become 0. */
function softmaxRow(row: usize, count: i32, width: i32): void {
  const largest = largestOf(row, count);
  const shift = f32x4.splat(largest);
  let sums = f32x4.splat(0);
  let j = 0;
  for (; j + 4 <= count; j += 4) {
    const e = exp4(f32x4.sub(v128.load(row + bytes(j)), shift));
    v128.store(row + bytes(j), e);
    sums = f32x4.add(sums, e);
  }
  let sum = sumLanes(sums);
  for (; j < count; j++) {
    const e = exp1(load<f32>(row + bytes(j)) - largest);
    store<f32>(row + bytes(j), e);
    sum += e;
  }
  const inverse: f32 = 1.0 / sum;
  const factor = f32x4.splat(inverse);
  for (j = 0; j + 4 <= count; j += 4) v128.store(row + bytes(j), f32x4.mul(v128.load(row + bytes(j)), factor));
  for (; j < count; j++) store<f32>(row + bytes(j), load<f32>(row + bytes(j)) * inverse);
  memory.fill(row + bytes(count), 0, bytes(width - count));
}

/** Bytes of scratch that the attention kernels need when no segment sees more than `keys` keys. */
export function attentionScratchBytes(keys: i32, headDim: i32): usize {
  return bytes(QUERY_BLOCK * keys) + gemmScratchBytes(max(keys, headDim));
}

/**
 * Grouped-query attention within segments of packed rows. A row of qkv[n, width] is the query heads, the key heads, the value
 * heads (width = (heads + 2 kvHeads) headDim). A segment is four int32: first row, rows, first row of its prefix, rows of the
 * prefix. Its rows see the whole prefix and, when `causal`, themselves and what stands before them in the segment, else the
 * whole segment. out[n, heads * headDim]. Probabilities are kept in `probs` (for each segment heads x rows x (prefix + rows),
 * one after the other) when that is not 0.
 */
export function attentionForward(
  qkv: usize, segments: usize, count: i32, probs: usize, out: usize,
  heads: i32, kvHeads: i32, headDim: i32, causal: bool, scratch: usize, mostKeys: i32,
): void {
  const width = (heads + 2 * kvHeads) * headDim;
  const outWidth = heads * headDim;
  const scale: f32 = 1.0 / sqrt<f32>(<f32>headDim);
  const gemmScratch = scratch + bytes(QUERY_BLOCK * mostKeys);
  for (let s = 0; s < count; s++) {
    const first = load<i32>(segments + bytes(4 * s));
    const rows = load<i32>(segments + bytes(4 * s), 4);
    const prefixFirst = load<i32>(segments + bytes(4 * s), 8);
    const prefix = load<i32>(segments + bytes(4 * s), 12);
    const keys = prefix + rows;
    for (let h = 0; h < heads; h++) {
      const q = qkv + bytes(first * width + h * headDim);
      const kColumn = (heads + (h * kvHeads) / heads) * headDim;
      const vColumn = kColumn + kvHeads * headDim;
      const k = qkv + bytes(first * width + kColumn);
      const v = qkv + bytes(first * width + vColumn);
      const prefixK = qkv + bytes(prefixFirst * width + kColumn);
      const prefixV = qkv + bytes(prefixFirst * width + vColumn);
      for (let i0 = 0; i0 < rows; i0 += QUERY_BLOCK) {
        const block = min(QUERY_BLOCK, rows - i0);
        const own = causal ? i0 + block : rows;
        const p = probs ? probs + bytes(i0 * keys) : scratch;
        const qBlock = q + bytes(i0 * width);
        const to = out + bytes((first + i0) * outWidth + h * headDim);
        if (prefix > 0) gemm(qBlock, width, false, prefixK, width, true, p, keys, block, prefix, headDim, scale, false, gemmScratch);
        gemm(qBlock, width, false, k, width, true, p + bytes(prefix), keys, block, own, headDim, scale, false, gemmScratch);
        for (let i = 0; i < block; i++) softmaxRow(p + bytes(i * keys), prefix + (causal ? i0 + i + 1 : rows), keys);
        if (prefix > 0) gemm(p, keys, false, prefixV, width, false, to, outWidth, block, headDim, prefix, 1, false, gemmScratch);
        gemm(p + bytes(prefix), keys, false, v, width, false, to, outWidth, block, headDim, own, 1, prefix > 0, gemmScratch);
      }
      if (probs) probs += bytes(rows * keys);
    }
  }
}

/** dqkv[n, width] from dout[n, heads * headDim] and the probabilities that `attentionForward` kept. */
export function attentionBackward(
  qkv: usize, segments: usize, count: i32, probs: usize, dout: usize, dqkv: usize, n: i32,
  heads: i32, kvHeads: i32, headDim: i32, causal: bool, scratch: usize, mostKeys: i32,
): void {
  const width = (heads + 2 * kvHeads) * headDim;
  const outWidth = heads * headDim;
  const scale: f32 = 1.0 / sqrt<f32>(<f32>headDim);
  const gemmScratch = scratch + bytes(QUERY_BLOCK * mostKeys);
  memory.fill(dqkv, 0, bytes(n * width));
  for (let s = 0; s < count; s++) {
    const first = load<i32>(segments + bytes(4 * s));
    const rows = load<i32>(segments + bytes(4 * s), 4);
    const prefixFirst = load<i32>(segments + bytes(4 * s), 8);
    const prefix = load<i32>(segments + bytes(4 * s), 12);
    const keys = prefix + rows;
    for (let h = 0; h < heads; h++) {
      const qAt = bytes(first * width + h * headDim);
      const kColumn = (heads + (h * kvHeads) / heads) * headDim;
      const vColumn = kColumn + kvHeads * headDim;
      const kAt = bytes(first * width + kColumn);
      const vAt = bytes(first * width + vColumn);
      const prefixKAt = bytes(prefixFirst * width + kColumn);
      const prefixVAt = bytes(prefixFirst * width + vColumn);
      for (let i0 = 0; i0 < rows; i0 += QUERY_BLOCK) {
        const block = min(QUERY_BLOCK, rows - i0);
        const own = causal ? i0 + block : rows;
        const seen = prefix + own;
        const p = probs + bytes(i0 * keys);
        const pOwn = p + bytes(prefix);
        const ds = scratch;
        const dsOwn = ds + bytes(prefix);
        const qBlockAt = qAt + bytes(i0 * width);
        const dTo = dout + bytes((first + i0) * outWidth + h * headDim);
        if (prefix > 0) {
          gemm(dTo, outWidth, false, qkv + prefixVAt, width, true, ds, keys, block, prefix, headDim, 1, false, gemmScratch);
          gemm(p, keys, true, dTo, outWidth, false, dqkv + prefixVAt, width, prefix, headDim, block, 1, true, gemmScratch);
        }
        gemm(dTo, outWidth, false, qkv + vAt, width, true, dsOwn, keys, block, own, headDim, 1, false, gemmScratch);
        gemm(pOwn, keys, true, dTo, outWidth, false, dqkv + vAt, width, own, headDim, block, 1, true, gemmScratch);
        for (let i = 0; i < block; i++) softmaxBackwardRow(p + bytes(i * keys), ds + bytes(i * keys), seen, scale);
        if (prefix > 0) {
          gemm(ds, keys, false, qkv + prefixKAt, width, false, dqkv + qBlockAt, width, block, headDim, prefix, 1, true, gemmScratch);
          gemm(ds, keys, true, qkv + qBlockAt, width, false, dqkv + prefixKAt, width, prefix, headDim, block, 1, true, gemmScratch);
        }
        gemm(dsOwn, keys, false, qkv + kAt, width, false, dqkv + qBlockAt, width, block, headDim, own, 1, true, gemmScratch);
        gemm(dsOwn, keys, true, qkv + qBlockAt, width, false, dqkv + kAt, width, own, headDim, block, 1, true, gemmScratch);
      }
      probs += bytes(rows * keys);
    }
  }
}

/** Turns the gradient d of softmax's output p into scale times that of its input, in place. */
function softmaxBackwardRow(p: usize, d: usize, count: i32, scale: f32): void {
  let dots = f32x4.splat(0);
  let j = 0;
  for (; j + 4 <= count; j += 4) dots = multiplyAdd(v128.load(p + bytes(j)), v128.load(d + bytes(j)), dots);
  let dot = sumLanes(dots);
  for (; j < count; j++) dot += load<f32>(p + bytes(j)) * load<f32>(d + bytes(j));
  const shift = f32x4.splat(dot);
  const factor = f32x4.splat(scale);
  for (j = 0; j + 4 <= count; j += 4) {
    const q = bytes(j);
    v128.store(d + q, f32x4.mul(f32x4.mul(v128.load(p + q), f32x4.sub(v128.load(d + q), shift)), factor));
  }
  for (; j < count; j++) {
    const q = bytes(j);
    store<f32>(d + q, load<f32>(p + q) * (load<f32>(d + q) - dot) * scale);
  }
}

/** scores[i] = scale * (q . k_i) for `count` keys that stand `stride` floats apart. */
function scoreKeys(q: usize, k: usize, stride: i32, count: i32, headDim: i32, scale: f32, scores: usize): void {
  const apart = bytes(stride);
  const factor = f32x4.splat(scale);
  let t = 0;
  for (; t + 4 <= count; t += 4) {
    const k1 = k + apart;
    const k2 = k1 + apart;
    const k3 = k2 + apart;
    let d0 = f32x4.splat(0), d1 = f32x4.splat(0), d2 = f32x4.splat(0), d3 = f32x4.splat(0);
    for (let j = 0; j < headDim; j += 4) {
      const x = v128.load(q + bytes(j));
      d0 = multiplyAdd(x, v128.load(k + bytes(j)), d0);
      d1 = multiplyAdd(x, v128.load(k1 + bytes(j)), d1);
      d2 = multiplyAdd(x, v128.load(k2 + bytes(j)), d2);
      d3 = multiplyAdd(x, v128.load(k3 + bytes(j)), d3);
    }
    const s01 = f32x4.add(v128.shuffle<f32>(d0, d1, 0, 4, 1, 5), v128.shuffle<f32>(d0, d1, 2, 6, 3, 7));
    const s23 = f32x4.add(v128.shuffle<f32>(d2, d3, 0, 4, 1, 5), v128.shuffle<f32>(d2, d3, 2, 6, 3, 7));
    const sums = f32x4.add(v128.shuffle<f32>(s01, s23, 0, 1, 4, 5), v128.shuffle<f32>(s01, s23, 2, 3, 6, 7));
    v128.store(scores + bytes(t), f32x4.mul(sums, factor));
    k = k3 + apart;
  }
  for (; t < count; t++) {
    let dot = f32x4.splat(0);
    for (let j = 0; j < headDim; j += 4) dot = multiplyAdd(v128.load(q + bytes(j)), v128.load(k + bytes(j)), dot);
    store<f32>(scores + bytes(t), sumLanes(dot) * scale);
    k += apart;
  }
}

/** out[headDim] += sum over keys of probs[i] * v_i, up to 32 numbers of a head in registers at a time. */
function addValues(probs: usize, v: usize, stride: i32, count: i32, headDim: i32, out: usize): void {
  const apart = bytes(stride);
  let j = 0;
  for (; j + 32 <= headDim; j += 32) {
    const to = out + bytes(j);
    let s0 = v128.load(to), s1 = v128.load(to, 16), s2 = v128.load(to, 32), s3 = v128.load(to, 48);
    let s4 = v128.load(to, 64), s5 = v128.load(to, 80), s6 = v128.load(to, 96), s7 = v128.load(to, 112);
    let at = v + bytes(j);
    for (let t = 0; t < count; t++) {
      const p = v128.load_splat<f32>(probs + bytes(t));
      s0 = multiplyAdd(p, v128.load(at), s0);
      s1 = multiplyAdd(p, v128.load(at, 16), s1);
      s2 = multiplyAdd(p, v128.load(at, 32), s2);
      s3 = multiplyAdd(p, v128.load(at, 48), s3);
      s4 = multiplyAdd(p, v128.load(at, 64), s4);
      s5 = multiplyAdd(p, v128.load(at, 80), s5);
      s6 = multiplyAdd(p, v128.load(at, 96), s6);
      s7 = multiplyAdd(p, v128.load(at, 112), s7);
      at += apart;
    }
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
    v128.store(to, s4, 64);
    v128.store(to, s5, 80);
    v128.store(to, s6, 96);
    v128.store(to, s7, 112);
  }
  for (; j < headDim; j += 8) {
    const to = out + bytes(j);
    let left = v128.load(to), right = v128.load(to, 16);
    let at = v + bytes(j);
    for (let t = 0; t < count; t++) {
      const p = v128.load_splat<f32>(probs + bytes(t));
      left = multiplyAdd(p, v128.load(at), left);
      right = multiplyAdd(p, v128.load(at, 16), right);
      at += apart;
    }
    v128.store(to, left);
    v128.store(to, right, 16);
  }
}

/**
 * One step of decoding: a row of qkv[rows, width] (rotated) sees its prompt, which lies in the packed rows promptQkv[., width]
 * at prompts[row] = (first row, rows), and its own earlier tokens. Its keys and values are appended to
 * cache[rows, capacity, 2 kvHeads headDim] at place `step` first. out[rows, heads * headDim].
 */
export function decodeAttention(
  qkv: usize, promptQkv: usize, prompts: usize, cache: usize, step: i32, capacity: i32, out: usize, rows: i32,
  heads: i32, kvHeads: i32, headDim: i32, scratch: usize,
): void {
  const width = (heads + 2 * kvHeads) * headDim;
  const cacheWidth = 2 * kvHeads * headDim;
  const scale: f32 = 1.0 / sqrt<f32>(<f32>headDim);
  for (let r = 0; r < rows; r++) {
    const row = qkv + bytes(r * width);
    const own = cache + bytes(r * capacity * cacheWidth);
    memory.copy(own + bytes(step * cacheWidth), row + bytes(heads * headDim), bytes(cacheWidth));
    const prompt = promptQkv + bytes(load<i32>(prompts + bytes(2 * r)) * width);
    const promptRows = load<i32>(prompts + bytes(2 * r), 4);
    for (let h = 0; h < heads; h++) {
      const group = ((h * kvHeads) / heads) * headDim;
      const k = bytes(group);
      const v = bytes(group + kvHeads * headDim);
      const side = bytes(heads * headDim);
      const q = row + bytes(h * headDim);
      scoreKeys(q, prompt + side + k, width, promptRows, headDim, scale, scratch);
      scoreKeys(q, own + k, cacheWidth, step + 1, headDim, scale, scratch + bytes(promptRows));
      const keys = promptRows + step + 1;
      softmaxRow(scratch, keys, keys);
      const to = out + bytes((r * heads + h) * headDim);
      memory.fill(to, 0, bytes(headDim));
      addValues(scratch, prompt + side + v, width, promptRows, headDim, to);
      addValues(scratch + bytes(promptRows), own + v, cacheWidth, step + 1, headDim, to);
    }
  }
}

// ---- rows by index --------------------------------------------------------------------------------------------------

/** y[n, d]: row i is row index[i] of x. */
export function gatherRows(x: usize, index: usize, y: usize, n: i32, d: i32): void {
  for (let i = 0; i < n; i++) memory.copy(y + bytes(i * d), x + bytes(load<i32>(index + bytes(i)) * d), bytes(d));
}

/** sums[rows, d]: row index[i] gets row i of x[n, d] added. */
export function scatterAddRows(x: usize, index: usize, sums: usize, n: i32, rows: i32, d: i32): void {
  memory.fill(sums, 0, bytes(rows * d));
  for (let i = 0; i < n; i++) addBias(sums + bytes(load<i32>(index + bytes(i)) * d), x + bytes(i * d), 1, d);
}

/** y[n, d]: row i is row index[i] of the first table, or row -1 - index[i] of the second when that is negative. */
export function gatherFromTwo(first: usize, second: usize, index: usize, y: usize, n: i32, d: i32): void {
  for (let i = 0; i < n; i++) {
    const k = load<i32>(index + bytes(i));
    memory.copy(y + bytes(i * d), k >= 0 ? first + bytes(k * d) : second + bytes((-1 - k) * d), bytes(d));
  }
}

/** Gradients of `gatherFromTwo`: dfirst[firstRows, d] and dsecond[secondRows, d]. */
export function scatterToTwo(
  dy: usize, index: usize, dfirst: usize, dsecond: usize, n: i32, firstRows: i32, secondRows: i32, d: i32,
): void {
  memory.fill(dfirst, 0, bytes(firstRows * d));
  memory.fill(dsecond, 0, bytes(secondRows * d));
  for (let i = 0; i < n; i++) {
    const k = load<i32>(index + bytes(i));
    addBias(k >= 0 ? dfirst + bytes(k * d) : dsecond + bytes((-1 - k) * d), dy + bytes(i * d), 1, d);
  }
}

// ---- distributions over the vocabulary ------------------------------------------------------------------------------

/** logprobs[n] of target[i] under softmax of logits[n, vocabulary], and the normalisers logSums[n]; any vocabulary. */
export function targetLogprobsForward(
  logits: usize, targets: usize, logprobs: usize, logSums: usize, n: i32, vocabulary: i32,
): void {
  for (let i = 0; i < n; i++) {
    const row = logits + bytes(i * vocabulary);
    const logSum = logSumExp(row, vocabulary);
    store<f32>(logSums + bytes(i), logSum);
    store<f32>(logprobs + bytes(i), load<f32>(row + bytes(load<i32>(targets + bytes(i)))) - logSum);
  }
}

function largestOf(row: usize, count: i32): f32 {
  let largest: f32 = load<f32>(row);
  let j = 0;
  if (count >= 4) {
    let lanes = v128.load(row);
    for (j = 4; j + 4 <= count; j += 4) lanes = f32x4.pmax(lanes, v128.load(row + bytes(j)));
    largest = max<f32>(
      max<f32>(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 1)),
      max<f32>(f32x4.extract_lane(lanes, 2), f32x4.extract_lane(lanes, 3)),
    );
  }
  for (; j < count; j++) largest = max<f32>(largest, load<f32>(row + bytes(j)));
  return largest;
}

function logSumExp(row: usize, count: i32): f32 {
  const largest = largestOf(row, count);
  const shift = f32x4.splat(largest);
  let sums = f32x4.splat(0);
  let j = 0;
  for (; j + 4 <= count; j += 4) sums = f32x4.add(sums, exp4(f32x4.sub(v128.load(row + bytes(j)), shift)));
  let sum = sumLanes(sums);
  for (; j < count; j++) sum += exp1(load<f32>(row + bytes(j)) - largest);
  return largest + <f32>naturalLog(<f64>sum);
}

/** dlogits[n, vocabulary] = dlogprobs * (one-hot(target) - softmax(logits)). */
export function targetLogprobsBackward(
  logits: usize, targets: usize, logSums: usize, dlogprobs: usize, dlogits: usize, n: i32, vocabulary: i32,
): void {
  for (let i = 0; i < n; i++) {
    const row = logits + bytes(i * vocabulary);
    const to = dlogits + bytes(i * vocabulary);
    const weight = load<f32>(dlogprobs + bytes(i));
    if (weight == 0) {
      memory.fill(to, 0, bytes(vocabulary));
      continue;
    }
    const logSum = load<f32>(logSums + bytes(i));
    const shift = f32x4.splat(logSum);
    const factor = f32x4.splat(-weight);
    let j = 0;
    for (; j + 4 <= vocabulary; j += 4) {
      v128.store(to + bytes(j), f32x4.mul(factor, exp4(f32x4.sub(v128.load(row + bytes(j)), shift))));
    }
    for (; j < vocabulary; j++) store<f32>(to + bytes(j), -weight * exp1(load<f32>(row + bytes(j)) - logSum));
    const target = to + bytes(load<i32>(targets + bytes(i)));
    store<f32>(target, load<f32>(target) + weight);
  }
}

/**
 * What drawing a token needs of logits[n, vocabulary]: the normaliser logSums[n] and the entropy[n] in nats at temperature 1,
 * and weights[n, vocabulary] = exp((logit - largest allowed) / temperature), which are 0 where allowed[vocabulary] is 0.
 */
export function distribution(
  logits: usize, allowed: usize, logSums: usize, entropy: usize, weights: usize,
  n: i32, vocabulary: i32, temperature: f32,
): void {
  const inverse = f32x4.splat(1.0 / temperature);
  for (let i = 0; i < n; i++) {
    const row = logits + bytes(i * vocabulary);
    const to = weights + bytes(i * vocabulary);
    const largest = largestOf(row, vocabulary);
    let top: f32 = -Infinity;
    for (let j = 0; j < vocabulary; j++) {
      if (load<f32>(allowed + bytes(j)) != 0) top = max<f32>(top, load<f32>(row + bytes(j)));
    }
    const plain = temperature == 1 && top == largest;
    const shift = f32x4.splat(largest);
    const topShift = f32x4.splat(top);
    let sums = f32x4.splat(0);
    let moments = f32x4.splat(0);
    let j = 0;
    for (; j + 4 <= vocabulary; j += 4) {
      const logit = v128.load(row + bytes(j));
      const x = f32x4.sub(logit, shift);
      const e = exp4(x);
      sums = f32x4.add(sums, e);
      moments = multiplyAdd(e, x, moments);
      const w = plain ? e : exp4(f32x4.mul(f32x4.sub(logit, topShift), inverse));
      v128.store(to + bytes(j), f32x4.mul(w, v128.load(allowed + bytes(j))));
    }
    let sum = sumLanes(sums);
    let moment = sumLanes(moments);
    for (; j < vocabulary; j++) {
      const logit = load<f32>(row + bytes(j));
      const x = logit - largest;
      const e = exp1(x);
      sum += e;
      moment += e * x;
      store<f32>(to + bytes(j), exp1((logit - top) / temperature) * load<f32>(allowed + bytes(j)));
    }
    const logSum = <f32>naturalLog(<f64>sum);
    store<f32>(logSums + bytes(i), largest + logSum);
    store<f32>(entropy + bytes(i), max<f32>(0, logSum - moment / sum));
  }
}

// ---- optimiser ------------------------------------------------------------------------------------------------------

/**
 * One step of AdamW in place on parameter, first and second moment [n]; any n. The gradient is multiplied by `scale` first;
 * `correction1` and `correction2` are 1 - beta^t.
 */
export function adamw(
  parameter: usize, m: usize, v: usize, gradient: usize, n: i32, scale: f32, learningRate: f32,
  beta1: f32, beta2: f32, epsilon: f32, weightDecay: f32, correction1: f32, correction2: f32,
): void {
  const rate: f32 = learningRate / correction1;
  const keep: f32 = 1 - learningRate * weightDecay;
  const b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2);
  const rest1 = f32x4.splat(1 - beta1), rest2 = f32x4.splat(1 - beta2);
  const scales = f32x4.splat(scale), rates = f32x4.splat(rate), keeps = f32x4.splat(keep);
  const corrections = f32x4.splat(correction2), epsilons = f32x4.splat(epsilon);
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    const q = bytes(j);
    const g = f32x4.mul(v128.load(gradient + q), scales);
    const m1 = f32x4.add(f32x4.mul(v128.load(m + q), b1), f32x4.mul(g, rest1));
    const v1 = f32x4.add(f32x4.mul(v128.load(v + q), b2), f32x4.mul(f32x4.mul(g, g), rest2));
    v128.store(m + q, m1);
    v128.store(v + q, v1);
    const step = f32x4.div(f32x4.mul(m1, rates), f32x4.add(f32x4.sqrt(f32x4.div(v1, corrections)), epsilons));
    v128.store(parameter + q, f32x4.sub(f32x4.mul(v128.load(parameter + q), keeps), step));
  }
  for (; j < n; j++) {
    const q = bytes(j);
    const g = load<f32>(gradient + q) * scale;
    const m1 = load<f32>(m + q) * beta1 + g * (1 - beta1);
    const v1 = load<f32>(v + q) * beta2 + g * g * (1 - beta2);
    store<f32>(m + q, m1);
    store<f32>(v + q, v1);
    store<f32>(parameter + q, load<f32>(parameter + q) * keep - (m1 * rate) / (sqrt<f32>(v1 / correction2) + epsilon));
  }
}
