#include "safetensors.hpp"

#include "error.hpp"
#include "sha256.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace foreword::core {

namespace {

struct Kind {
    std::string_view stored;
    Tensor::Type type;
    const char* name;
    std::size_t size;
};
constexpr Kind KINDS[] = {
    {"F32", Tensor::FLOAT32, "float32", 4}, {"I8", Tensor::INT8, "int8", 1},   {"I16", Tensor::INT16, "int16", 2},
    {"I32", Tensor::INT32, "int32", 4},     {"I64", Tensor::INT64, "int64", 8}};

const Kind& kind_of(Tensor::Type type) {
    return *std::find_if(std::begin(KINDS), std::end(KINDS), [&](const Kind& kind) { return kind.type == type; });
}

constexpr std::size_t LARGEST_HEADER = 100'000'000;  // as of the format

class Reader {
  public:
    Reader(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}

    std::string_view header() const {
        constexpr std::size_t LENGTH = 8;
        if (bytes_.size() < LENGTH) fail("it has no header");
        std::uint64_t size = 0;
        for (std::size_t k = LENGTH; k-- > 0;) size = size << 8 | (unsigned char)bytes_[k];
        if (size > LARGEST_HEADER || size > bytes_.size() - LENGTH) fail("its header is cut short");
        return bytes_.substr(LENGTH, (std::size_t)size);
    }

    // A tensor, and where its data begins behind the header.
    std::pair<Tensor, std::size_t> tensor(const Value& described, std::string_view data) const {
        const std::string name(described.name.substr(0, 100));
        const Value *dtype = described.find("dtype"), *shape = described.find("shape");
        const Value* offsets = described.find("data_offsets");
        const bool has_all = described.items.size() == 3 && dtype && shape && offsets;
        if (!has_all || !dtype->is(Value::STRING) || !shape->is(Value::ARRAY) || !offsets->is(Value::ARRAY)) {
            fail(name + " has not just a dtype, a shape and data_offsets");
        }
        const auto* const kind = std::find_if(std::begin(KINDS), std::end(KINDS),
                                              [&](const Kind& kind) { return kind.stored == dtype->text; });
        if (kind == std::end(KINDS)) {
            fail(name + " is of the type " + std::string(dtype->text.substr(0, 100)) + ", not F32, I8, I16, I32 or I64");
        }
        Tensor made;
        made.type = kind->type;
        made.bytes = kind->size;
        for (const Value& size : shape->items) {
            const auto whole = size.whole();
            if (!whole || *whole < 0) fail(name + " has a size that is no whole number");
            if (*whole > 0 && made.bytes > SIZE_MAX / (std::size_t)*whole) fail(name + " is too large");
            made.bytes *= (std::size_t)*whole;
            made.shape.push_back(*whole);
        }
        std::uint64_t ends[2] = {};
        for (std::size_t k = 0; k < 2; ++k) {
            const auto end = offsets->items.size() == 2 ? offsets->items[k].whole() : std::nullopt;
            if (!end || *end < 0) fail(name + " has no two whole numbers as data_offsets");
            ends[k] = (std::uint64_t)*end;
        }
        if (ends[1] < ends[0] || ends[1] - ends[0] != made.bytes) {
            fail(name + " has other data_offsets than its shape needs");
        }
        if (ends[1] > data.size()) fail(name + " ends behind the file");
        made.data = reinterpret_cast<const std::uint8_t*>(data.data()) + ends[0];
        made.room = data.size() - (std::size_t)ends[1];
        return {std::move(made), (std::size_t)ends[0]};
    }

    [[noreturn]] void fail(const std::string& why) const {
        throw_error(file_ + " is damaged or cut short (" + why + ")" + RESTORE);
    }

  private:
    std::string_view bytes_;
    const std::string& file_;
};

}  // namespace

std::size_t Tensor::item_size() const { return kind_of(type).size; }

const char* Tensor::type_name() const { return kind_of(type).name; }

std::string Tensor::shape_text() const {
    std::string text = "(";
    for (std::size_t k = 0; k < shape.size(); ++k) text += (k ? ", " : "") + std::to_string(shape[k]);
    return text + (shape.size() == 1 ? ",)" : ")");
}

Safetensors::Safetensors(std::string_view bytes, const std::string& file) {
    const Reader reader(bytes, file);
    const std::string_view header = reader.header();
    const Json document(header, file);
    if (!document.root().is(Value::OBJECT) || header.front() != '{') reader.fail("its header is no object");
    const std::string_view data = bytes.substr(8 + header.size());
    std::vector<std::pair<std::size_t, std::size_t>> ends;
    for (const Value& described : document.root().items) {
        if (described.name == "__metadata__") {
            if (!described.is(Value::OBJECT)) reader.fail("its metadata are no object");
            for (const Value& one : described.items) {
                if (!one.is(Value::STRING)) reader.fail("its metadata are no texts");
                metadata_.emplace(one.name, one.text);
            }
            continue;
        }
        auto [tensor, first] = reader.tensor(described, data);
        ends.emplace_back(first, first + tensor.bytes);
        if (reinterpret_cast<std::uintptr_t>(tensor.data) % tensor.item_size() != 0) {
            copies_.push_back(std::make_unique<std::uint8_t[]>(tensor.bytes));
            std::memcpy(copies_.back().get(), tensor.data, tensor.bytes);
            tensor.data = copies_.back().get(), tensor.room = 0;
        }
        tensors_.emplace(described.name, std::move(tensor));
    }
    std::sort(ends.begin(), ends.end());
    std::size_t at = 0;
    for (const auto& [first, last] : ends) {
        if (first != at) reader.fail("its tensors overlap or leave gaps");
        at = last;
    }
    if (at != data.size()) reader.fail("it has bytes that belong to no tensor");
}

const std::string* Safetensors::metadata(const std::string& name) const {
    const auto found = metadata_.find(name);
    return found == metadata_.end() ? nullptr : &found->second;
}

std::string Safetensors::checksum() const {
    std::string text = "{";
    for (const auto& [name, value] : metadata_) {
        if (name == CHECKSUM) continue;
        if (text.size() > 1) text += ", ";
        append_canonical(text, name), text += ": ", append_canonical(text, value);
    }
    Sha256 sum;
    sum.add(text + "}");
    for (const auto& [name, tensor] : tensors_) {
        text = "[";
        append_canonical(text, name);
        text += std::string(", \"") + tensor.type_name() + "\", [";
        for (std::size_t k = 0; k < tensor.shape.size(); ++k) {
            text += (k ? ", " : "") + std::to_string(tensor.shape[k]);
        }
        sum.add(text + "]]");
        sum.add(tensor.data, tensor.bytes);
    }
    return sum.hexadecimal();
}

}  // namespace foreword::core
