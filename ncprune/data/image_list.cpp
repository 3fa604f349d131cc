#include "ncprune/data/image_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/base/spec.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/image.h"

namespace ncprune {
namespace {

std::string without_blanks(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::vector<std::string> cells_of(const std::string& line, const std::string& where) {
  std::vector<std::string> cells;
  size_t at = 0;
  for (;;) {
    std::string cell;
    if (at < line.size() && line[at] == '"') {
      for (++at;; ++at) {
        if (at >= line.size()) throw InputError(fmt::format("{}: a quote is not closed", where));
        const bool quote = line[at] == '"';
        if (quote && (at + 1 >= line.size() || line[at + 1] != '"')) break;
        if (quote) ++at;  // two quotes are one
        cell += line[at];
      }
      ++at;
      if (at < line.size() && line[at] != ',') {
        throw InputError(fmt::format("{}: text after a quoted cell", where));
      }
    } else {
      const size_t end = std::min(line.find(',', at), line.size());
      cell = without_blanks(line.substr(at, end - at));
      at = end;
    }
    cells.push_back(std::move(cell));
    if (at >= line.size()) return cells;
    ++at;
  }
}

void require_usable(const ListedImage& image, const std::string& where) {
  const std::vector<std::string> parts = split(image.path, '/');
  const bool leaves = std::find(parts.begin(), parts.end(), "..") != parts.end();
  if (image.path.starts_with('/') || leaves) {
    throw InputError(fmt::format("{}: path '{}'; wanted one relative to the list, without '..'",
                                 where, excerpt(image.path)));
  }
  if (!is_image_name(image.path)) {
    throw InputError(fmt::format("{}: '{}' is not a JPEG, PNG, WebP, BMP or TIFF file", where,
                                 excerpt(image.path)));
  }
  if (image.label.empty()) throw InputError(fmt::format("{}: the label is missing", where));
}

}  // namespace

std::vector<ListedImage> parse_image_list(std::string_view bytes, const std::string& where) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  std::vector<ListedImage> images;
  int64_t number = 0;
  for (std::string& line : split(bytes, '\n')) {
    const std::string place = fmt::format("{}: line {}", where, ++number);
    if (line.ends_with('\r')) line.pop_back();
    if (without_blanks(line).empty()) continue;
    const std::vector<std::string> cells = cells_of(line, place);
    if (cells.size() != 2) {
      throw InputError(fmt::format("{}: {} cells; wanted 2, path,label", place, cells.size()));
    }
    const bool header =
        number == 1 && !is_image_name(cells[0]) && cells[0].find('.') == std::string::npos;
    if (header) continue;
    images.push_back({cells[0], cells[1], number});
    require_usable(images.back(), place);
    if (images.size() > kMaxImageFiles) {
      throw InputError(fmt::format("{}: more than {} images", where, kMaxImageFiles));
    }
  }
  if (images.empty()) {
    throw InputError(fmt::format("{}: lists no images; wanted lines of path,label", where));
  }
  return images;
}

}  // namespace ncprune
