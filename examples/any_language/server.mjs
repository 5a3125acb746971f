// A server of the nnspec protocol in JavaScript: four equations, forward and gradient, arrays in base64.
//
//   nnspec check --command "node examples/any_language/server.mjs"
import { createInterface } from "node:readline";

// ------------------------------------------------------------------------------------------- arrays
const TYPES = { float64: Float64Array, float32: Float32Array, int64: BigInt64Array };

function unpack(array) {
  if (array === null) return null;
  const bytes = Uint8Array.from(Buffer.from(array.values, "base64"));
  return { shape: array.shape, data: new TYPES[array.dtype](bytes.buffer) };
}

function pack({ shape, data }, dtype) {
  const typed = TYPES[dtype].from(data); // computed in double, rounded once
  return { dtype, shape, values: Buffer.from(typed.buffer).toString("base64") };
}

const like = ({ shape, data }, f) => ({ shape, data: Array.from(data, f) });
const zeros = (...shape) => ({ shape, data: new Array(shape.reduce((a, b) => a * b, 1)).fill(0) });

// ---------------------------------------------------------------------------------------- equations
// Each takes its arguments, and returns its outputs and a function from their cotangents to the gradients.
const equations = {
  "activation.tanh"({ x }) {
    const y = like(x, Math.tanh);
    const pullback = (cotangent) => ({ x: like(y, (v, k) => cotangent.y.data[k] * (1 - v * v)) });
    return [{ y }, pullback];
  },

  "softmax.vector"({ z }) {
    const [B, d] = z.shape;
    const p = zeros(B, d);
    for (let r = 0; r < B; r++) {
      const row = z.data.slice(r * d, (r + 1) * d);
      const top = Math.max(...row);
      const e = Array.from(row, (v) => Math.exp(v - top));
      const sum = e.reduce((a, b) => a + b, 0);
      e.forEach((v, k) => (p.data[r * d + k] = v / sum));
    }
    const pullback = (cotangent) => {
      const g = cotangent.p.data;
      const dz = zeros(B, d);
      for (let r = 0; r < B; r++) {
        let mean = 0;
        for (let k = r * d; k < (r + 1) * d; k++) mean += g[k] * p.data[k];
        for (let k = r * d; k < (r + 1) * d; k++) dz.data[k] = p.data[k] * (g[k] - mean);
      }
      return { z: dz };
    };
    return [{ p }, pullback];
  },

  "layer.affine"({ x, W, b }) {
    const [B, n] = x.shape;
    const m = W.shape[0];
    const z = zeros(B, m);
    for (let r = 0; r < B; r++)
      for (let i = 0; i < m; i++) {
        let sum = b ? b.data[i] : 0;
        for (let j = 0; j < n; j++) sum += W.data[i * n + j] * x.data[r * n + j];
        z.data[r * m + i] = sum;
      }
    const pullback = (cotangent) => {
      const g = cotangent.z.data;
      const [dx, dW, db] = [zeros(B, n), zeros(m, n), zeros(m)];
      for (let r = 0; r < B; r++)
        for (let i = 0; i < m; i++) {
          db.data[i] += g[r * m + i];
          for (let j = 0; j < n; j++) {
            dx.data[r * n + j] += g[r * m + i] * W.data[i * n + j];
            dW.data[i * n + j] += g[r * m + i] * x.data[r * n + j];
          }
        }
      return b ? { x: dx, W: dW, b: db } : { x: dx, W: dW };
    };
    return [{ z }, pullback];
  },

  // h_t = tanh(W x_t + U h_{t−1} + b), and every sequence of the batch ends at its own length
  "recurrent.first_step_bias"({ x, W, U, b, b_first }, lengths) {
    const [B, T, D] = x.shape;
    const H = W.shape[0];
    const h = zeros(B, T, H);
    const steps = (r) => (lengths ? Number(lengths.data[r]) : T);
    for (let r = 0; r < B; r++)
      for (let t = 0; t < steps(r); t++)
        for (let i = 0; i < H; i++) {
          let a = t === 0 ? b_first.data[i] : b.data[i];
          for (let j = 0; j < D; j++) a += W.data[i * D + j] * x.data[(r * T + t) * D + j];
          if (t > 0) for (let j = 0; j < H; j++) a += U.data[i * H + j] * h.data[(r * T + t - 1) * H + j];
          h.data[(r * T + t) * H + i] = Math.tanh(a);
        }
    const pullback = (cotangent) => {
      const [dx, dW, dU] = [zeros(B, T, D), zeros(H, D), zeros(H, H)];
      const [db, db_first] = [zeros(H), zeros(H)];
      for (let r = 0; r < B; r++) {
        let carried = new Array(H).fill(0);
        for (let t = steps(r) - 1; t >= 0; t--) {
          const next = new Array(H).fill(0);
          for (let i = 0; i < H; i++) {
            const y = h.data[(r * T + t) * H + i];
            const da = (carried[i] + cotangent.h.data[(r * T + t) * H + i]) * (1 - y * y);
            (t === 0 ? db_first : db).data[i] += da;
            for (let j = 0; j < D; j++) {
              dx.data[(r * T + t) * D + j] += da * W.data[i * D + j];
              dW.data[i * D + j] += da * x.data[(r * T + t) * D + j];
            }
            if (t === 0) continue;
            for (let j = 0; j < H; j++) {
              next[j] += da * U.data[i * H + j];
              dU.data[i * H + j] += da * h.data[(r * T + t - 1) * H + j];
            }
          }
          carried = next;
        }
      }
      return { x: dx, W: dW, U: dU, b: db, b_first: db_first };
    };
    return [{ h }, pullback];
  },
};

// ----------------------------------------------------------------------------------------- protocol
const description = {
  protocol: 1,
  name: "nnspec example in JavaScript",
  language: `JavaScript (node ${process.version})`,
  arrays: "base64",
  dtypes: ["float64", "float32"],
  equations: {
    "activation.tanh": { gradient: true },
    "softmax.vector": { gradient: true },
    "layer.affine": { gradient: true },
    "recurrent.first_step_bias": { gradient: true, lengths: true, options: { activation: "tanh" } },
  },
};

const unpacked = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, unpack(array)]));
const packed = (arrays, dtype) => Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, pack(a, dtype)]));

function answer({ cmd, seq, equation, dtype, arguments: given, lengths, cotangents }) {
  if (cmd === "start") return { result: description };
  try {
    const [outputs, pullback] = equations[equation](unpacked(given), unpack(lengths));
    const result = { outputs: packed(outputs, dtype) };
    if (cmd === "vjp") result.gradients = packed(pullback(unpacked(cotangents)), dtype);
    return { seq, result };
  } catch (error) {
    return { seq, errored: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.cmd === "stop") break;
  process.stdout.write(JSON.stringify(answer(request)) + "\n");
}
