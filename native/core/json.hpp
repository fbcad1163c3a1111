// JSON as a tree, strictly by RFC 8259. Knows neither files nor models.
//
// Stricter than the RFC where readers differ: duplicate names in an object, halves of surrogate
// pairs and numbers beyond float64 are refused.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// A value. Its texts are in the `Json` that it belongs to, or in the text that was parsed.
struct Value {
    enum Kind : std::uint8_t { NOTHING, BOOLEAN, INTEGER, REAL, STRING, ARRAY, OBJECT };

    Kind kind = NOTHING;
    std::string_view name;     // of an object's member
    std::string_view text;     // a string's characters; a number as it is spelled; true or false
    std::vector<Value> items;  // an array's, or an object's members in their order

    bool is(Kind wanted) const { return kind == wanted; }
    bool is_true() const { return kind == BOOLEAN && text == "true"; }
    // The member of an object; null if there is none of that name, or if this is not an object.
    const Value* find(std::string_view name) const;
    // A whole number; none if this is another value, or does not fit.
    std::optional<std::int64_t> whole() const;
    // A number; none if this is another value.
    std::optional<double> number() const;
};

// A parsed text, which must outlive it.
class Json {
  public:
    static constexpr int DEEPEST = 64;  // arrays and objects within each other

    // Throws Error: the text is no JSON. It begins with `file` and has the offset in bytes.
    Json(std::string_view text, const std::string& file);
    Json(const Json&) = delete;
    Json& operator=(const Json&) = delete;

    const Value& root() const { return root_; }

  private:
    class Parser;

    std::deque<std::string> unescaped_;  // before root_, whose parsing fills it
    Value root_;
};

// The form that Python's `json.dumps(value, sort_keys=True)` writes, byte by byte; model folders
// have checksums of it.
void append_canonical(std::string& into, const Value& value);
void append_canonical(std::string& into, std::string_view string);

}  // namespace foreword::core
