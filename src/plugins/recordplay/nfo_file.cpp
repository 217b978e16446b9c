#include "plugins/recordplay/nfo_file.hpp"

#include <charconv>
#include <ctime>

#include "config/config_node.hpp"

namespace limen::recordplay {
namespace {

std::optional<uint64_t> id_of(std::string_view text) {
  uint64_t id = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id == 0) return std::nullopt;
  return id;
}

std::string file_of(const config::Node& category, std::string_view key) {
  std::string file = category.text(key).value_or("");
  if (!file.empty() && !file.ends_with(".mjr")) file += ".mjr";
  return file;
}

// One line that is not blank, and a semicolon does not begin a comment.
std::string in_one_line(std::string_view value) {
  std::string out;
  if (value.find_first_not_of(" \t\r") == std::string_view::npos) return "_";
  for (char c : value) {
    if (c == ';') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '_' : c;
  }
  return out;
}

}  // namespace

Result<Nfo> parse_nfo(std::string_view text) {
  if (text.size() > kMaxNfo) return fail("too long to describe a recording");
  auto root = config::parse_ini(text, "nfo");
  if (!root) return std::unexpected(root.error());
  const config::Node* category = nullptr;
  for (const config::Node& child : root->children) {
    if (category == nullptr && child.kind == config::Node::Kind::group) category = &child;
  }
  if (category == nullptr) return fail("there is no [category] with the recording's id");
  auto id = id_of(category->name);
  if (!id) return fail("[{}] is not the id of a recording", category->name);
  Nfo nfo;
  nfo.id = *id;
  nfo.name = category->text("name").value_or("");
  nfo.date = category->text("date").value_or("");
  if (nfo.name.empty() || nfo.date.empty()) return fail("name and date are needed");
  if (auto said = category->text("private")) nfo.is_private = config::is_truthy(*said);
  nfo.audio = file_of(*category, "audio");
  nfo.video = file_of(*category, "video");
  nfo.data = file_of(*category, "data");
  if (nfo.audio.empty() && nfo.video.empty()) return fail("there is neither audio nor video");
  return nfo;
}

std::string write_nfo(const Nfo& nfo) {
  std::string out = fmt::format("[{}]\r\nname = {}\r\n", nfo.id, in_one_line(nfo.name));
  if (nfo.is_private) out += fmt::format("private = {}\r\n", *nfo.is_private);
  out += fmt::format("date = {}\r\n", in_one_line(nfo.date));
  for (auto [key, file] : {std::pair{"audio", &nfo.audio}, {"video", &nfo.video}, {"data", &nfo.data}}) {
    if (!file->empty()) out += fmt::format("{} = {}\r\n", key, in_one_line(*file));
  }
  return out;
}

std::string local_date(WallTime at) {
  std::time_t seconds = at.us / 1'000'000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return std::string(text, size);
}

}  // namespace limen::recordplay
