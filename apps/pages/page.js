"use strict";
const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
// Viridis (van der Walt and Smith 2015): of even lightness, and readable by the colour-blind.
const STOPS = [[68,1,84],[71,44,122],[59,81,139],[44,113,142],[33,144,141],[39,173,129],[92,200,99],[170,220,50],[253,231,37]];
const color = v => {
  const x = Math.min(Math.max(v, 0), 1) * (STOPS.length - 1), i = Math.min(Math.floor(x), STOPS.length - 2), f = x - i;
  return STOPS[i].map((c, k) => c + (STOPS[i + 1][k] - c) * f);
};
const fits = (v, n) => Number.isInteger(v) && v >= 0 && v < n;
const readNumbers = () => Object.fromEntries([...new URLSearchParams(location.hash.slice(1))].map(([k, v]) => [k, +v]));
// Rows of weights were stored as square roots, in parts of each row's largest.
function unpack(layer) {
  layer.data = bytes(layer.data);
  layer.scale = new Float32Array(bytes(layer.scale).buffer);
}
function headRow(layer, head, query) {
  const n = layer.keys, row = head * layer.queries + query, out = new Float32Array(n), top = layer.scale[row];
  for (let k = 0; k < n; ++k) {
    const i = row * n + k;
    const v = layer.bits === 8 ? layer.data[i] / 255 : ((layer.data[i >> 1] >> (i & 1 ? 4 : 0)) & 15) / 15;
    out[k] = v * v * top;
  }
  return out;
}
// Of one head, or the mean of all for -1.
function weightsRow(layer, head, query) {
  if (head >= 0) return headRow(layer, head, query);
  const sum = new Float32Array(layer.keys);
  for (let h = 0; h < layer.heads; ++h) headRow(layer, h, query).forEach((v, k) => { sum[k] += v / layer.heads; });
  return sum;
}
function fillHeads(select, layer, first) {
  const only = !layer || layer.heads < 2;
  select.replaceChildren(new Option(first, -1),
    ...(only ? [] : Array.from({ length: layer.heads }, (_, i) => new Option("head " + i, i))));
  select.disabled = only;
}
window.onerror = message => { document.body.dataset.ready = "error: " + message; };
const DATA = JSON.parse(document.getElementById("data").textContent);
