// describe(): one function per struct that names its fields once, for everybody.
//
//   struct HttpGeneral { bool http = false; int port = 8088; };
//   template <typename V> void describe(V& v, HttpGeneral& s) {
//     v.field("http", s.http, "Serve the Janus API over plain HTTP");
//     v.field("port", s.port, "TCP port").range(1, 65535);
//   }
//
// Readers of configuration (read_group), writers of reference docs (list_fields) and of API
// requests (api/request_reader.hpp) all walk it. Field types: bool, integers, double, std::string,
// std::vector<std::string>, std::optional of these. A default is the value the struct starts with.
#pragma once
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/config_node.hpp"

namespace limen::config {

// What reading found that the administrator should know; nothing here stops the start.
struct Findings {
  std::vector<std::string> warnings;  // "file:line: ..." each
  void log(std::string_view tag) const;
};

template <typename T>
struct is_optional : std::false_type {};
template <typename T>
struct is_optional<std::optional<T>> : std::true_type {};

class GroupReader;

// Returned by GroupReader::field so that rules can be chained; rules act on what was just read.
template <typename T>
class FieldRule {
 public:
  FieldRule(GroupReader& reader, const Node* node, T& target, T fallback)
      : reader_(reader), node_(node), target_(target), fallback_(std::move(fallback)) {}
  // Values outside are reported and replaced by the default.
  FieldRule& range(int64_t low, int64_t high);
  // Old spelling of the same key.
  FieldRule& legacy(std::string_view key);
  // Text values allowed (any case); others are reported and replaced by the default.
  FieldRule& one_of(std::initializer_list<std::string_view> allowed);

 private:
  GroupReader& reader_;
  const Node* node_;
  T& target_;
  T fallback_;
};

class GroupReader {
 public:
  GroupReader(const Node* group, Findings& findings) : group_(group), findings_(findings) {}

  template <typename T>
  FieldRule<T> field(std::string_view key, T& target, std::string_view /*help*/) {
    known_.emplace_back(key);
    T fallback = target;
    const Node* node = find(key);
    if (node != nullptr) read(*node, target);
    return FieldRule<T>(*this, node, target, std::move(fallback));
  }
  // A nested group read by its own describe().
  template <typename S>
  void group(std::string_view key, S& target, std::string_view /*help*/) {
    known_.emplace_back(key);
    const Node* node = find(key);
    GroupReader inner(node, findings_);
    describe(inner, target);
    inner.finish();
  }
  // Keys that are known and deliberately not read (belong to another reader).
  void ignore(std::string_view key) { known_.emplace_back(key); }

  // Warns of keys nobody named: "file:line: unknown key 'prot' (did you mean 'port'?)".
  void finish();

  const Node* find(std::string_view key) const { return group_ == nullptr ? nullptr : group_->find(key); }
  void know(std::string_view key) { known_.emplace_back(key); }
  void warn(const Node& node, std::string text);
  template <typename T>
  void read(const Node& node, T& target);

 private:
  void read_text(const Node& node, std::string& target);
  bool read_integer(const Node& node, int64_t& target);
  void read_list(const Node& node, std::vector<std::string>& target);

  const Node* group_;
  Findings& findings_;
  std::vector<std::string> known_;
};

template <typename T>
void GroupReader::read(const Node& node, T& target) {
  if constexpr (is_optional<T>::value) {
    typename T::value_type value{};
    read(node, value);
    target = std::move(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (node.kind == Node::Kind::scalar) target = node.truthy();
    else warn(node, "should be true or false");
  } else if constexpr (std::is_integral_v<T>) {
    int64_t value = 0;
    if (!read_integer(node, value)) return;
    if (!std::in_range<T>(value)) return warn(node, "is out of range");
    target = static_cast<T>(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    read_text(node, target);
  } else {
    read_list(node, target);
  }
}

template <typename T>
FieldRule<T>& FieldRule<T>::range(int64_t low, int64_t high) {
  if constexpr (std::is_integral_v<T>) {
    if (node_ != nullptr && (static_cast<int64_t>(target_) < low || static_cast<int64_t>(target_) > high)) {
      reader_.warn(*node_, fmt::format("should be from {} to {}; using {}", low, high, fallback_));
      target_ = fallback_;
    }
  }
  return *this;
}

template <typename T>
FieldRule<T>& FieldRule<T>::legacy(std::string_view key) {
  reader_.know(key);
  const Node* old = reader_.find(key);
  if (node_ == nullptr && old != nullptr) {
    reader_.read(*old, target_);
    node_ = old;
  }
  return *this;
}

bool same_text(std::string_view a, std::string_view b);  // any case

template <typename T>
FieldRule<T>& FieldRule<T>::one_of(std::initializer_list<std::string_view> allowed) {
  if constexpr (std::is_same_v<T, std::string>) {
    if (node_ == nullptr) return *this;
    std::string names;
    for (std::string_view candidate : allowed) {
      if (same_text(candidate, target_)) return *this;
      names += (names.empty() ? "" : ", ") + std::string(candidate);
    }
    reader_.warn(*node_, fmt::format("should be one of {}; using '{}'", names, fallback_));
    target_ = fallback_;
  }
  return *this;
}

// Reads `root`'s group `name` into `target` (defaults stay where nothing is given).
template <typename S>
void read_group(const Node& root, std::string_view name, S& target, Findings& findings) {
  GroupReader reader(root.find(name), findings);
  describe(reader, target);
  reader.finish();
}

// Reads the group `general` of a module's file; no file is no error.
template <typename S>
Result<> read_general(const std::string& folder, std::string_view package, S& target, Findings& findings) {
  auto file = read_module(folder, package);
  if (!file) return std::unexpected(file.error());
  if (*file) read_group(**file, "general", target, findings);
  return {};
}

// The keys of a described struct with help and default: for the reference docs and --help.
struct FieldDoc {
  std::string key, help, type, fallback;
};

class FieldLister {
 public:
  struct Rule {
    Rule& range(int64_t, int64_t) { return *this; }
    Rule& legacy(std::string_view) { return *this; }
    Rule& one_of(std::initializer_list<std::string_view>) { return *this; }
  };
  template <typename T>
  Rule field(std::string_view key, T& target, std::string_view help) {
    fields.push_back({std::string(key), std::string(help), type_name<T>(), text(target)});
    return {};
  }
  template <typename S>
  void group(std::string_view key, S&, std::string_view help) {
    fields.push_back({std::string(key), std::string(help), "group", ""});
  }
  void ignore(std::string_view) {}
  std::vector<FieldDoc> fields;

 private:
  template <typename T>
  static std::string type_name() {
    if constexpr (is_optional<T>::value) return type_name<typename T::value_type>();
    else if constexpr (std::is_same_v<T, bool>) return "boolean";
    else if constexpr (std::is_integral_v<T>) return "integer";
    else if constexpr (std::is_same_v<T, std::string>) return "text";
    else return "list";
  }
  template <typename T>
  static std::string text(const T& value) {
    if constexpr (is_optional<T>::value) return value ? text(*value) : "";
    else if constexpr (std::is_same_v<T, bool>) return value ? "true" : "false";
    else if constexpr (std::is_integral_v<T>) return fmt::format("{}", value);
    else if constexpr (std::is_same_v<T, std::string>) return value;
    else return "";
  }
};

}  // namespace limen::config
