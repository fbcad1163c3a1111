// Layer normalisation of a row, and its division by its largest number, for both passes. One thread
// computes a row, in an order that does not depend on other rows.
#pragma once

#include "vector.hpp"

#include <algorithm>
#include <cmath>

namespace foreword {
namespace FOREWORD_ISA {

constexpr float EPSILON = 1e-5f;  // as in cells/layer_norm.py

static FOREWORD_INLINE float total(Vec v) {
    float sum = 0.0f;
    for (int k = 0; k < LANES; ++k) sum += v[k];
    return sum;
}

// The first lanes; 0 in the others.
static FOREWORD_INLINE Vec first(Vec v, int lanes) {
    if (lanes == LANES) return v;
    for (int k = lanes; k < LANES; ++k) v[k] = 0.0f;
    return v;
}

// Subtracts the mean of a row and divides by its standard deviation; returns the factor.
static float normalise(float* row, int width) {
    Vec sums = {}, squares = {};
    for (int k = 0; k < width; k += LANES) sums += load(row + k, std::min(LANES, width - k));
    const float mean = total(sums) / (float)width;
    for (int k = 0; k < width; k += LANES) {
        const int lanes = std::min(LANES, width - k);
        const Vec centred = first(load(row + k, lanes) - mean, lanes);
        squares += centred * centred;
    }
    const float scale = 1.0f / std::sqrt(total(squares) / (float)width + EPSILON);
    for (int k = 0; k < width; k += LANES) {
        const int lanes = std::min(LANES, width - k);
        store(row + k, (load(row + k, lanes) - mean) * scale, lanes);
    }
    return scale;
}

// The backward pass of a norm on a row: d = scale (g - mean - hat along).
struct Taken {
    float scale, mean, along;

    FOREWORD_INLINE Vec from(Vec gradient, Vec hat) const {
        return scale * (gradient - mean - hat * along);
    }
};

// Computes it from the gradients `d` of the row after gain and bias.
static Taken taken_by(const float* d, const float* gain, const float* hat, int width, float scale) {
    Vec sums = {}, products = {};
    for (int k = 0; k < width; k += LANES) {
        const int lanes = std::min(LANES, width - k);
        const Vec gradient = load(d + k, lanes) * load(gain + k, lanes);
        sums += gradient;
        products += gradient * load(hat + k, lanes);
    }
    return {scale, total(sums) / (float)width, total(products) / (float)width};
}

// Divides a row by its largest magnitude and returns that; zeros stay zeros, and it returns 1.
static float divide_by_largest(float* row, int width) {
    const auto [largest, wrong] = extent_of(row, width);
    const float top = largest + wrong;
    if (top == 0.0f) return 1.0f;
    for (int k = 0; k < width; k += LANES) {
        const int lanes = std::min(LANES, width - k);
        store(row + k, load(row + k, lanes) / top, lanes);
    }
    return top;
}

// Turns the gradients of a divided row into those of the row, in place. Several largest numbers share
// the gradient of the divisor.
static void through_division(float* d, const float* divided, int width, float top) {
    Vec products = {}, count = {};
    for (int k = 0; k < width; k += LANES) {
        const int lanes = std::min(LANES, width - k);
        const Vec y = load(divided + k, lanes);
        products += load(d + k, lanes) * y;
        count += choose(absolute(y) == 1.0f, Vec{} + 1.0f, Vec{});
    }
    const float largest = total(count), each = largest > 0.0f ? total(products) / largest : 0.0f;
    for (int k = 0; k < width; k += LANES) {
        const int lanes = std::min(LANES, width - k);
        const Vec y = load(divided + k, lanes), own = choose(absolute(y) == 1.0f, y * each, Vec{});
        store(d + k, (load(d + k, lanes) - own) / top, lanes);
    }
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
