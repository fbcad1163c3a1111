// SHA-256 (FIPS 180-4), in hexadecimal digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foreword::core {

class Sha256 {
  public:
    using Digest = std::array<std::uint8_t, 32>;

    void add(const void* data, std::size_t size);
    void add(std::string_view text) { add(text.data(), text.size()); }
    // The digest of all added bytes; nothing can be added after it.
    Digest digest();
    std::string hexadecimal();

  private:
    std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::uint8_t, 64> block_{};
    std::uint64_t size_ = 0;
};

std::string sha256(std::string_view data);
// Whether the processor's own instructions compute it.
bool has_sha256_instructions();

}  // namespace foreword::core
