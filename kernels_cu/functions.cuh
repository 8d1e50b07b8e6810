// The text of math.cuh's functions, of vfloat. No #pragma once: scalar.cuh takes it a second time, with vfloat a float.

DLAAW_FN vfloat exp(vfloat x) {
  const vmask high = x > 88.72f, low = x < -87.33f;
  x = select(high, broadcast(88.0f), x);
  x = select(low, broadcast(-87.0f), x);
  const float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to the nearest integer
  const vfloat shifted = fma(x, broadcast(1.44269504088896341f), broadcast(shift));
  const vfloat n = shifted - shift;
  vfloat r = fma(n, broadcast(-0.693359375f), x);
  r = fma(n, broadcast(2.12194440e-4f), r);
  vfloat p = broadcast(1.9875691500e-4f);
  p = fma(p, r, broadcast(1.3981999507e-3f));
  p = fma(p, r, broadcast(8.3334519073e-3f));
  p = fma(p, r, broadcast(4.1665795894e-2f));
  p = fma(p, r, broadcast(1.6666665459e-1f));
  p = fma(p, r, broadcast(5.0000001201e-1f));
  const vfloat y = fma(p, r * r, r) + 1.0f;
  const vint power = (as_int(shifted) - 0x4B400000) << 23;
  const vfloat inside = as_float(as_int(y) + power);
  const vfloat infinite = as_float(as_int(broadcast(0.0f)) | 0x7F800000);
  return select(high, infinite, select(low, broadcast(0.0f), inside));
}

DLAAW_FN vfloat log(vfloat x) {
  const vmask tiny = x < 1.17549435e-38f;
  const vfloat scaled = select(tiny, x * 8388608.0f, x);
  vint bits = as_int(scaled) - 0x3F3504F3;  // so that the mantissa falls into [sqrt(1/2), sqrt(2))
  const vint exponent = bits >> 23;
  const vfloat m = as_float((bits & 0x007FFFFF) + 0x3F3504F3) - 1.0f;
  vfloat e = to_float(exponent);
  e = select(tiny, e - 23.0f, e);
  vfloat p = broadcast(7.0376836292e-2f);
  p = fma(p, m, broadcast(-1.1514610310e-1f));
  p = fma(p, m, broadcast(1.1676998740e-1f));
  p = fma(p, m, broadcast(-1.2420140846e-1f));
  p = fma(p, m, broadcast(1.4249322787e-1f));
  p = fma(p, m, broadcast(-1.6668057665e-1f));
  p = fma(p, m, broadcast(2.0000714765e-1f));
  p = fma(p, m, broadcast(-2.4999993993e-1f));
  p = fma(p, m, broadcast(3.3333331174e-1f));
  const vfloat z = m * m;
  vfloat y = p * m * z;
  y = fma(e, broadcast(-2.12194440e-4f), y);
  y = fma(z, broadcast(-0.5f), y);
  y = fma(e, broadcast(0.693359375f), m + y);
  y = select(x == 0.0f, as_float(as_int(broadcast(-1.0f)) | 0x7F800000), y);
  return select(x == x, y, x);
}

DLAAW_FN vfloat tanh(vfloat x) {
  const vfloat z = x * x;
  vfloat p = broadcast(-5.70498872745e-3f);
  p = fma(p, z, broadcast(2.06390887954e-2f));
  p = fma(p, z, broadcast(-5.37397155531e-2f));
  p = fma(p, z, broadcast(1.33314422036e-1f));
  p = fma(p, z, broadcast(-3.33332819422e-1f));
  const vfloat small = fma(p * z, x, x);
  const vfloat magnitude = select(x < 0.0f, -x, x);
  const vfloat large = 1.0f - 2.0f / (exp(magnitude + magnitude) + 1.0f);
  const vfloat signed_large = select(x < 0.0f, -large, large);
  return select(magnitude < 0.625f, small, signed_large);
}

DLAAW_FN vfloat erf(vfloat x) {
  const vfloat z = x * x, magnitude = select(x < 0.0f, -x, x);
  vfloat p = broadcast(7.8472591796e-05f);
  p = fma(p, z, broadcast(-8.0081893396e-04f));
  p = fma(p, z, broadcast(5.1880988914e-03f));
  p = fma(p, z, broadcast(-2.6853691101e-02f));
  p = fma(p, z, broadcast(1.1283582248e-01f));
  p = fma(p, z, broadcast(-3.7612625567e-01f));
  p = fma(p, z, broadcast(1.1283791657e+00f));
  const vfloat t = 1.0f / fma(magnitude, broadcast(0.4f), broadcast(1.0f));
  vfloat q = broadcast(-8.8321640928e-02f);
  q = fma(q, t, broadcast(1.4080557828e-01f));
  q = fma(q, t, broadcast(1.6833837517e-01f));
  q = fma(q, t, broadcast(7.6305718768e-02f));
  q = fma(q, t, broadcast(2.6800377148e-01f));
  q = fma(q, t, broadcast(2.0592137247e-01f));
  q = fma(q, t, broadcast(2.2904978077e-01f));
  q = fma(q, t, broadcast(-2.3909687208e-04f));
  const vfloat large = select(magnitude > 4.0f, broadcast(1.0f), 1.0f - exp(-z) * q);
  return select(magnitude > 1.0f, select(x < 0.0f, -large, large), x * p);
}
