#include "json.hpp"

#include "error.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>

namespace foreword::core {

namespace {

constexpr std::size_t MOST_DIGITS = 18;  // of a whole number

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number as its digits and a power of ten, since strtod depends on the locale's decimal point.
double value_of(std::string_view number) {
    const std::size_t exponent_at = std::min(number.find_first_of("eE"), number.size());
    std::string digits(number.substr(0, exponent_at));
    long exponent = 0;
    if (exponent_at < number.size()) {
        // Far beyond float64, but without overflow here, since a text is shorter.
        exponent = std::strtol(std::string(number.substr(exponent_at + 1)).c_str(), nullptr, 10);
        exponent = std::clamp(exponent, -(1L << 29), 1L << 29);
    }
    if (const std::size_t point = digits.find('.'); point != std::string::npos) {
        exponent -= (long)(digits.size() - point - 1);
        digits.erase(point, 1);
    }
    return std::strtod((digits + "e" + std::to_string(exponent)).c_str(), nullptr);
}

// As Python's repr of a float: the fewest digits that give the same number again.
void append_real(std::string& into, double value) {
    if (std::signbit(value)) into += '-';
    std::string digits;
    int exponent = 0;
    for (int count = 15; count <= 17; ++count) {
        char written[64];
        std::snprintf(written, sizeof written, "%.*e", count - 1, std::fabs(value));
        const std::string_view text = written;
        const std::size_t end = text.find('e');
        digits.clear();
        for (const char c : text.substr(0, end)) {
            if (is_digit(c)) digits += c;  // the locale's decimal point is left out
        }
        exponent = std::atoi(written + end + 1);
        const std::string again = digits + "e" + std::to_string(exponent - count + 1);
        if (std::strtod(again.c_str(), nullptr) == std::fabs(value)) break;
    }
    digits.erase(std::max<std::size_t>(digits.find_last_not_of('0') + 1, 1));
    const int count = (int)digits.size();
    if (exponent < -4 || exponent >= 16) {
        into += digits[0];
        if (count > 1) into += '.', into += digits.substr(1);
        char written[16];
        std::snprintf(written, sizeof written, "e%+03d", exponent);
        into += written;
    } else if (exponent < 0) {
        into += "0.", into.append((std::size_t)(-exponent - 1), '0'), into += digits;
    } else if (count <= exponent + 1) {
        into += digits, into.append((std::size_t)(exponent + 1 - count), '0'), into += ".0";
    } else {
        into += digits.substr(0, (std::size_t)exponent + 1), into += '.';
        into += digits.substr((std::size_t)exponent + 1);
    }
}

void append_escape(std::string& into, char32_t unit) {
    char written[8];
    std::snprintf(written, sizeof written, "\\u%04x", (unsigned)unit);
    into += written;
}

}  // namespace

const Value* Value::find(std::string_view wanted) const {
    if (kind != OBJECT) return nullptr;
    for (const Value& item : items) {
        if (item.name == wanted) return &item;
    }
    return nullptr;
}

std::optional<std::int64_t> Value::whole() const {
    if (kind != INTEGER || text.size() > MOST_DIGITS) return std::nullopt;
    std::int64_t found = 0;
    for (const char c : text) {
        if (is_digit(c)) found = 10 * found + (c - '0');
    }
    return text.front() == '-' ? -found : found;
}

std::optional<double> Value::number() const {
    if (kind != INTEGER && kind != REAL) return std::nullopt;
    return value_of(text);
}

JsonReader::JsonReader(std::string_view text, const std::string& file) : text_(text), file_(file) {
    if (const std::size_t end = valid_utf8(text_); end < text_.size()) {
        at_ = end;
        fail("no UTF-8");
    }
}

void JsonReader::fail(const std::string& what) const {
    throw_error(file_ + " is not JSON (" + what + " at byte " + std::to_string(at_) + ")" + RESTORE);
}

void JsonReader::fail_for_double(std::string_view name) const {
    fail("the name " + std::string(name.substr(0, 100)) + " twice in an object");
}

void JsonReader::skip_space() {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
        ++at_;
    }
}

bool JsonReader::take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
}

void JsonReader::end() {
    skip_space();
    if (at_ < text_.size()) fail("the end was expected");
}

bool JsonReader::is_object() {
    skip_space();
    return peek() == '{';
}

Value JsonReader::value() {
    skip_space();
    if (at_ >= text_.size()) fail("a value was expected, not the end,");
    Value made;
    const auto add = [&](std::string_view name) {
        made.items.push_back(value());
        made.items.back().name = name;
    };
    switch (text_[at_]) {
        case '{':
            made.kind = Value::OBJECT;
            members('}', [&] { add(name()); });
            refuse_doubles(made.items);
            break;
        case '[':
            made.kind = Value::ARRAY;
            members(']', [&] { add({}); });
            break;
        case '"':
            made.kind = Value::STRING;
            made.text = string();
            break;
        case 't': word(made, Value::BOOLEAN, "true"); break;
        case 'f': word(made, Value::BOOLEAN, "false"); break;
        case 'n': word(made, Value::NOTHING, "null"); break;
        default: number(made);
    }
    return made;
}

std::optional<std::int64_t> JsonReader::whole() {
    skip_space();
    std::int64_t found = 0;
    std::size_t end = at_;
    for (; end < text_.size() && end - at_ < MOST_DIGITS && is_digit(text_[end]); ++end) {
        found = 10 * found + (text_[end] - '0');
    }
    const char next = end < text_.size() ? text_[end] : '\0';
    const bool is_plain = end > at_ && (text_[at_] != '0' || end == at_ + 1) && (next == ',' || next == '}');
    if (!is_plain) return value().whole();
    at_ = end;
    return found;
}

void JsonReader::object(const std::function<bool(std::string_view)>& each) {
    members('}', [&] {
        const std::string_view key = name();
        if (!each(key)) fail_for_double(key);
    });
}

void JsonReader::word(Value& made, Value::Kind kind, std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) fail("a value was expected");
    made.kind = kind;
    made.text = text_.substr(at_, wanted.size());
    at_ += wanted.size();
}

// The members of an array or of an object, each of which `each` reads.
template <class Each>
void JsonReader::members(char end, Each&& each) {
    if (depth_ == DEEPEST) fail("more than " + std::to_string(DEEPEST) + " levels");
    ++depth_;
    ++at_;
    skip_space();
    if (!take(end)) {
        do {
            each();
            skip_space();
        } while (take(','));
        if (!take(end)) fail(std::string("a comma or ") + end + " was expected");
    }
    --depth_;
}

std::string_view JsonReader::name() {
    skip_space();
    if (peek() != '"') fail("a name in quotes was expected");
    const std::string_view name = string();
    skip_space();
    if (!take(':')) fail("a colon was expected");
    return name;
}

void JsonReader::refuse_doubles(const std::vector<Value>& members) const {
    std::set<std::string_view> names;
    for (const Value& member : members) {
        if (!names.insert(member.name).second) fail_for_double(member.name);
    }
}

void JsonReader::digits() {
    if (!is_digit(peek())) fail("a digit was expected");
    while (is_digit(peek())) ++at_;
}

void JsonReader::number(Value& made) {
    const std::size_t first = at_;
    made.kind = Value::INTEGER;
    if (!take('-') && !is_digit(peek())) fail("a value was expected");
    if (!take('0')) digits();
    if (take('.')) {
        made.kind = Value::REAL;
        digits();
    }
    if (peek() == 'e' || peek() == 'E') {
        made.kind = Value::REAL;
        ++at_;
        if (!take('+')) take('-');
        digits();
    }
    made.text = text_.substr(first, at_ - first);
    if (made.kind == Value::REAL && !std::isfinite(value_of(made.text))) {
        at_ = first;
        fail("a number beyond float64");
    }
}

// The text between the quotes; the text's own characters if nothing is escaped.
std::string_view JsonReader::string() {
    const std::size_t first = ++at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\') plain_character();
    if (take('"')) return text_.substr(first, at_ - 1 - first);
    std::string made(text_.substr(first, at_ - first));
    while (!take('"')) {
        if (at_ >= text_.size()) fail("a quote was expected");
        if (take('\\')) escaped(made);
        else made += text_[at_], plain_character();
    }
    return unescaped_.emplace_back(std::move(made));
}

void JsonReader::plain_character() {
    if ((unsigned char)text_[at_] < 0x20) fail("a control character in a string");
    ++at_;
}

void JsonReader::escaped(std::string& into) {
    constexpr std::string_view NAMES = "\"\\/bfnrt", MEANT = "\"\\/\b\f\n\r\t";
    if (take('u')) {
        char32_t unit = hexadecimal();
        if (unit >= 0xd800 && unit < 0xdc00) {
            const bool is_pair = take('\\') && take('u');
            const char32_t low = is_pair ? hexadecimal() : 0;
            if (low < 0xdc00 || low >= 0xe000) fail("half of a surrogate pair before the character");
            unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        } else if (unit >= 0xdc00 && unit < 0xe000) {
            fail("half of a surrogate pair before the character");
        }
        append_utf8(into, unit);
        return;
    }
    const std::size_t which = at_ < text_.size() ? NAMES.find(text_[at_]) : std::string_view::npos;
    if (which == std::string_view::npos) fail("an unknown escape");
    into += MEANT[which];
    ++at_;
}

char32_t JsonReader::hexadecimal() {
    char32_t unit = 0;
    for (int k = 0; k < 4; ++k, ++at_) {
        const char c = peek(), low = (char)(c | 0x20);
        if (is_digit(c)) unit = unit * 16 + (char32_t)(c - '0');
        else if (low >= 'a' && low <= 'f') unit = unit * 16 + (char32_t)(low - 'a' + 10);
        else fail("a hexadecimal digit was expected");
    }
    return unit;
}

Json::Json(std::string_view text, const std::string& file) : reader_(text, file), root_(reader_.value()) { reader_.end(); }

void append_canonical(std::string& into, std::string_view string) {
    constexpr std::string_view MEANT = "\"\\\b\f\n\r\t", NAMES = "\"\\bfnrt";
    into += '"';
    std::size_t at = 0;
    char32_t character;
    while (at < string.size() && next_character(string, at, character)) {
        const std::size_t which = character < 0x80 ? MEANT.find((char)character) : std::string_view::npos;
        if (which != std::string_view::npos) {
            into += '\\', into += NAMES[which];
        } else if (character >= 0x20 && character < 0x7f) {
            into += (char)character;
        } else if (character < 0x10000) {
            append_escape(into, character);
        } else {
            append_escape(into, 0xd800 + ((character - 0x10000) >> 10));
            append_escape(into, 0xdc00 + ((character - 0x10000) & 0x3ff));
        }
    }
    into += '"';
}

void append_canonical(std::string& into, const Value& value) {
    switch (value.kind) {
        case Value::NOTHING: into += "null"; return;
        case Value::BOOLEAN: into += value.text; return;
        case Value::INTEGER: into += value.text == "-0" ? "0" : value.text; return;
        case Value::REAL: append_real(into, *value.number()); return;
        case Value::STRING: append_canonical(into, value.text); return;
        case Value::ARRAY: case Value::OBJECT: break;
    }
    const bool is_object = value.is(Value::OBJECT);
    std::vector<const Value*> items;
    for (const Value& item : value.items) items.push_back(&item);
    if (is_object) {  // UTF-8 sorts as its characters do
        std::sort(items.begin(), items.end(), [](const Value* a, const Value* b) { return a->name < b->name; });
    }
    into += is_object ? '{' : '[';
    for (std::size_t k = 0; k < items.size(); ++k) {
        if (k > 0) into += ", ";
        if (is_object) append_canonical(into, items[k]->name), into += ": ";
        append_canonical(into, *items[k]);
    }
    into += is_object ? '}' : ']';
}

}  // namespace foreword::core
