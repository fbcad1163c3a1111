#include "arguments.hpp"

#include <nanobind/ndarray.h>

#include <atomic>

namespace nb = nanobind;

namespace foreword {

namespace {

// The structs of version 1 of dlpack.h; unused fields are plain pointers.
struct Version {
    std::uint32_t major, minor;
};
struct Exchange {
    Version version;
    const Exchange* before;
    void *allocate, *managed_from_object, *object_from_managed;
    int (*tensor_of)(void* object, nb::dlpack::dltensor* into);  // owns nothing; -1 on failure
    void* stream;
};
constexpr std::uint32_t KNOWN_VERSION = 1;
constexpr std::int32_t CPU = 1;

std::atomic<const Exchange*> exchange{nullptr};

std::string shown(const nb::dlpack::dltensor& tensor) {
    std::string text = "(";
    for (int d = 0; d < tensor.ndim; ++d) {
        text += (d ? ", " : "") + std::to_string(tensor.shape[d]);
    }
    return text + ")";
}

[[noreturn]] void refuse(const nb::dlpack::dltensor& tensor, const char* why) {
    throw Misfit("a kernel was given a tensor " + shown(tensor) + " that is " + why);
}

Content content_of(const nb::dlpack::dltensor& tensor) {
    const auto [code, bits, lanes] = tensor.dtype;
    const auto is = [&](nb::dlpack::dtype_code wanted, int wide) {
        return code == (std::uint8_t)wanted && bits == wide && lanes == 1;
    };
    if (is(nb::dlpack::dtype_code::Float, 32)) return Content::float32;
    if (is(nb::dlpack::dtype_code::Int, 64)) return Content::int64;
    if (is(nb::dlpack::dtype_code::Bfloat, 16)) return Content::bfloat16;
    refuse(tensor, "neither float32 nor bfloat16 nor int64");
}

bool is_contiguous(const nb::dlpack::dltensor& tensor) {
    if (!tensor.strides) return true;
    std::int64_t step = 1;
    for (int d = tensor.ndim - 1; d >= 0; --d) {
        if (tensor.shape[d] != 1 && tensor.strides[d] != step) return false;
        step *= tensor.shape[d];
    }
    return true;
}

Argument of_tensor(PyObject* object, const Exchange& by) {
    nb::dlpack::dltensor tensor;
    if (by.tensor_of(object, &tensor) != 0) {
        nb::python_error error;
        throw Misfit(std::string("a kernel was given something without memory: ") + error.what());
    }
    Argument found;
    found.content = content_of(tensor);
    found.dimensions = tensor.ndim;
    found.shape = tensor.shape;
    found.value = reinterpret_cast<std::uintptr_t>(tensor.data) + tensor.byte_offset;
    if (found.count() == 0) return found;
    if (tensor.device.device_type != CPU) refuse(tensor, "not on the CPU");
    if (!is_contiguous(tensor)) refuse(tensor, "not contiguous");
    if (!tensor.data) refuse(tensor, "without memory");
    return found;
}

}  // namespace

void ask_tensors_by(nb::capsule given) {
    const auto found = static_cast<const Exchange*>(given.data("dlpack_exchange_api"));
    if (found->version.major != KNOWN_VERSION) throw nb::value_error("another version of DLPack");
    exchange = found;
}

Arguments arguments_of(const nb::handle& given) {
    if (!PyList_Check(given.ptr())) throw nb::type_error("a list of arguments is wanted");
    const Exchange* const by = exchange.load(std::memory_order_relaxed);
    const Py_ssize_t count = PyList_GET_SIZE(given.ptr());
    Arguments found((std::size_t)count);
    for (Py_ssize_t k = 0; k < count; ++k) {
        PyObject* const one = PyList_GET_ITEM(given.ptr(), k);
        if (one == Py_None) continue;
        if (PyLong_Check(one)) {
            const long long number = PyLong_AsLongLong(one);
            if (number == -1 && PyErr_Occurred()) throw nb::python_error();
            found[(std::size_t)k].value = (std::uintptr_t)number;
        } else if (by) {
            found[(std::size_t)k] = of_tensor(one, *by);
        } else {
            throw Misfit("nobody has said how tensors are asked");
        }
    }
    return found;
}

}  // namespace foreword
