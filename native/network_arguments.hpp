// The arguments of a whole model's classes from Python: matrices, layers, and arrays for one call.
#pragma once

#include "network.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

#include <climits>
#include <optional>
#include <string>
#include <utility>

namespace nb = nanobind;

namespace foreword {

template <class Value, class Shape>
using Held = nb::ndarray<const Value, Shape, nb::c_contig, nb::device::cpu>;
using Row = Held<float, nb::ndim<1>>;
using Floats = Held<float, nb::ndim<2>>;
using Ints = Held<std::int8_t, nb::ndim<2>>;

// A table and the arrays that it is in.
struct Matrix {
    Table table;
    std::optional<Floats> floats;
    std::optional<Ints> ints;
    std::optional<Row> scales, bias;

    void describe(std::size_t rows, std::size_t columns) {
        constexpr std::size_t MOST = INT_MAX;
        if (rows - 1 >= MOST || columns - 1 >= MOST) throw nb::value_error("rows and columns are wanted");
        table.rows = (int)rows, table.columns = (int)columns;
        table.stride = (std::ptrdiff_t)columns;
        if (scales) {
            if (scales->shape(0) != rows) throw nb::value_error("a scale for each row is wanted");
            table.scales = scales->data();
        }
        if (bias) {
            if (bias->shape(0) != rows) throw nb::value_error("a bias for each row is wanted");
            table.bias = bias->data();
        }
    }
    Matrix(Floats values, std::optional<Row> bias) : floats(values), bias(std::move(bias)) {
        describe(values.shape(0), values.shape(1));
        table.floats = values.data();
    }
    // `room`: the bytes behind the values that may be read, too.
    Matrix(Ints values, Row scales, std::optional<Row> bias, std::size_t room)
        : ints(values), scales(std::move(scales)), bias(std::move(bias)) {
        // A sum of more products of int8 would not fit 32 bits.
        if (values.shape(1) > 1 << 16) throw nb::value_error("too many columns for int8");
        describe(values.shape(0), values.shape(1));
        table.ints = values.data(), table.room = room;
    }
};

struct Weights {
    Matrix into, back;
    std::optional<Row> bias_n;
    std::optional<Floats> peepholes;
};

// The memory of an array that is used for one call. Faster than nanobind's own arrays, of which a
// step would need four.
class Buffer {
  public:
    Buffer(nb::handle array, const char* format, std::size_t item, int flags) {
        if (PyObject_GetBuffer(array.ptr(), &view_, flags | PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) {
            throw nb::python_error();
        }
        if ((std::size_t)view_.itemsize != item || !view_.format ||
            std::string(format).find(view_.format) == std::string::npos) {
            PyBuffer_Release(&view_);
            throw nb::type_error("an array of another type was expected");
        }
    }
    Buffer(Buffer&& other) noexcept : view_(other.view_) { other.view_.obj = nullptr; }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() {
        if (view_.obj) PyBuffer_Release(&view_);
    }
    template <class Value>
    Value* as() const {
        return static_cast<Value*>(view_.buf);
    }
    std::size_t count() const { return (std::size_t)(view_.len / view_.itemsize); }

  private:
    Py_buffer view_;
};

// Work below this ends before another thread could get the interpreter.
constexpr double SHORT = 1e5;

class Unlocked {
  public:
    explicit Unlocked(double multiplications) {
        if (multiplications >= SHORT) release_.emplace();
    }

  private:
    std::optional<nb::gil_scoped_release> release_;
};

inline const CellInfo* cell_of(const Kernels& kernels, const std::string& name) {
    const CellInfo* cell;
    for (int k = 0; (cell = kernels.cell(k)); ++k) {
        if (name == cell->name) return cell;
    }
    throw nb::value_error(("there is no cell " + name).c_str());
}

inline void must(bool fits, const char* what) {
    if (!fits) throw nb::value_error(what);
}

// Ids of words, int64, of which there are `words`.
inline Buffer ids_in(const nb::handle& ids, std::int64_t words) {
    Buffer buffer(ids, "lq", sizeof(std::int64_t), PyBUF_SIMPLE);
    for (std::size_t k = 0; k < buffer.count(); ++k) {
        const std::int64_t id = buffer.as<const std::int64_t>()[k];
        if (id < 0 || id >= words) throw nb::index_error("there is no such word id");
    }
    return buffer;
}

// Whether a layer belongs to a cell and has these numbers of inputs and units.
inline void must_fit(const Weights& layer, const CellInfo& cell, int inputs, int H) {
    const Table &into = layer.into.table, &from = layer.back.table;
    must(from.columns == H && from.rows == cell.seeing * H, "weight_hh has another shape");
    must(into.columns == inputs && into.rows == cell.gates * H, "weight_ih has another shape");
    must(into.bias, "weight_ih has no bias");
    must(cell.has_bias_n() == layer.bias_n.has_value(), "bias_n is a GRU's");
    must(!layer.bias_n || layer.bias_n->shape(0) == (std::size_t)H, "bias_n is (H)");
    must(cell.has_peepholes() == layer.peepholes.has_value(), "peepholes are a peephole LSTM's");
    must(!layer.peepholes || (layer.peepholes->shape(0) == 3 && layer.peepholes->shape(1) == (std::size_t)H),
         "peepholes are (3, H)");
}

}  // namespace foreword
