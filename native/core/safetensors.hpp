// The tensors of a safetensors file in memory, checked. Knows no models.
#pragma once

#include "json.hpp"
#include "tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

class Safetensors {
  public:
    // Throws Error: the header is no JSON of the format; tensors overlap, leave gaps, or do not end
    // with the file; a type is none of `Tensor`'s. The data is not read. The bytes must outlive
    // this; a tensor that is not aligned in them is copied.
    Safetensors(std::string_view bytes, const std::string& file);

    const std::map<std::string, Tensor>& tensors() const { return tensors_; }
    // The text of the metadata of this name; null if there is none.
    const std::string* metadata(const std::string& name) const;
    // The SHA-256 of tensors and metadata, which Foreword's files have among the latter.
    std::string checksum() const;

    static constexpr const char* CHECKSUM = "sha256";  // its name there

  private:
    std::map<std::string, Tensor> tensors_;
    std::map<std::string, std::string> metadata_;
    std::vector<std::unique_ptr<std::uint8_t[]>> copies_;
};

}  // namespace foreword::core
