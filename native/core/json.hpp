// JSON as a tree, strictly by RFC 8259. Knows neither files nor models.
//
// Stricter than the RFC where readers differ: duplicate names in an object, halves of surrogate
// pairs and numbers beyond float64 are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
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

// Reads a text value by value. The text and the file's name must outlive it, and it the values.
//
// Its methods throw Error: the text is no JSON. It begins with `file` and has the offset in bytes.
class JsonReader {
  public:
    static constexpr int DEEPEST = 64;  // arrays and objects within each other

    JsonReader(std::string_view text, const std::string& file);
    JsonReader(const JsonReader&) = delete;
    JsonReader& operator=(const JsonReader&) = delete;

    // The next value, with all that it holds.
    Value value();
    // The next value if it is a whole number that fits; otherwise it is read, too, and none returned.
    std::optional<std::int64_t> whole();
    // Whether the next value is an object.
    bool is_object();
    // Reads an object. `each` gets a member's name, and must read its value; it returns false if the name was there
    // before.
    void object(const std::function<bool(std::string_view)>& each);
    // Nothing but space may follow.
    void end();

  private:
    [[noreturn]] void fail(const std::string& what) const;
    [[noreturn]] void fail_for_double(std::string_view name) const;
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space();
    bool take(char wanted);
    void word(Value& made, Value::Kind kind, std::string_view wanted);
    template <class Each>
    void members(char end, Each&& each);
    std::string_view name();
    void refuse_doubles(const std::vector<Value>& members) const;
    void digits();
    void number(Value& made);
    std::string_view string();
    void plain_character();
    void escaped(std::string& into);
    char32_t hexadecimal();

    std::string_view text_;
    const std::string& file_;
    std::deque<std::string> unescaped_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

// A parsed text, which must outlive it.
class Json {
  public:
    // Throws Error: as `JsonReader`.
    Json(std::string_view text, const std::string& file);

    const Value& root() const { return root_; }

  private:
    JsonReader reader_;
    Value root_;
};

// The form that Python's `json.dumps(value, sort_keys=True)` writes, byte by byte; model folders
// have checksums of it.
void append_canonical(std::string& into, const Value& value);
void append_canonical(std::string& into, std::string_view string);

}  // namespace foreword::core
