// Elementary functions, the same bits on every machine: polynomials, no library calls.
//
// exp:  Cody-Waite reduction to |r| <= ln(2)/2, a polynomial of degree 6 in Horner form, scaled by 2^n
//       through the exponent bits. Relative error below 2e-7 on [-87.33, 88.72]; beyond it 0 and infinity.
// log:  mantissa in [sqrt(1/2), sqrt(2)), polynomial of degree 8 after S. L. Moshier, Cephes
//       Mathematical Library, 1992 (https://netlib.org/cephes). Relative error below 2e-7; log(0) is -inf.
// tanh: odd polynomial below 0.625, else 1 - 2 / (exp(2x) + 1), after the same source.
// erf:  x times a polynomial of degree 6 in x^2 up to |x| = 1, else 1 - exp(-x^2) times a polynomial of degree 7 in
//       1 / (1 + 0.4 |x|); both fitted here at Chebyshev nodes. Absolute error below 2e-7.
//
// NaN goes in, NaN comes out: each clamp is written as a comparison that NaN fails.
#pragma once
#include "platform.cuh"

namespace dlaaw {
#include "functions.cuh"
}  // namespace dlaaw
