#include "ncprune/report/page.h"

#include <fmt/format.h>

#include "ncprune/report/assets.h"

namespace ncprune {
namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t j = 0; j < 3; ++j) {
      three <<= 8U;
      if (i + j < bytes.size()) three |= static_cast<unsigned char>(bytes[i + j]);
    }
    for (size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kDigits[(three >> (18 - 6 * j)) & 63U];
    }
  }
  return text;
}

// JSON for a <script>, in which no '<' can end the script.
std::string script_json(std::string json) {
  for (size_t at = json.find('<'); at != std::string::npos; at = json.find('<', at)) {
    json.replace(at, 1, "\\u003c");
  }
  return json;
}

std::string anchor(size_t section) {
  return fmt::format("part-{}", section + 1);
}

std::string figure_html(const Figure& figure) {
  return fmt::format(
      "<figure class=\"plot\"><h3>{}</h3><div class=\"drawing\" role=\"img\" aria-label=\"{}\">"
      "<noscript>This figure is drawn by a script.</noscript></div>"
      "<script type=\"application/json\">{}</script><figcaption>{}</figcaption></figure>\n",
      escape_html(figure.title), escape_html(figure.title + ". " + figure.description),
      script_json(figure.spec), escape_html(figure.description));
}

std::string picture_html(const Picture& picture) {
  return fmt::format(
      "<figure class=\"picture\"><img alt=\"\" width=\"112\" src=\"data:image/png;base64,{}\">"
      "<figcaption>{}</figcaption></figure>\n",
      base64(encode_png(picture.image)), escape_html(picture.caption));
}

std::string section_html(const Section& section, size_t index) {
  std::string html = fmt::format("<section aria-labelledby=\"{0}\"><h2 id=\"{0}\">{1}</h2>\n",
                                 anchor(index), escape_html(section.title));
  for (const std::string& p : section.paragraphs) html += "<p>" + escape_html(p) + "</p>\n";
  if (!section.figures.empty()) html += "<div class=\"plots\">\n";
  for (const Figure& figure : section.figures) html += figure_html(figure);
  if (!section.figures.empty()) html += "</div>\n";
  if (!section.tables.empty()) html += "<div class=\"tables\">\n";
  for (const Table& table : section.tables) {
    html += fmt::format("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">",
                        escape_html(table.title.empty() ? section.title : table.title)) +
            to_html(table) + "</div>\n";
  }
  if (!section.tables.empty()) html += "</div>\n";
  if (!section.pictures.empty()) html += "<div class=\"pictures\">\n";
  for (const Picture& picture : section.pictures) html += picture_html(picture);
  if (!section.pictures.empty()) html += "</div>\n";
  return html + "</section>\n";
}

}  // namespace

std::string to_html(const Page& page) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<link rel=\"icon\" "
      "href=\"data:,\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n"
      "<a class=\"skip\" href=\"#verdict\">To the verdict</a>\n<header><h1>{}</h1></header>\n<nav "
      "aria-label=\"Parts\"><ul>\n",
      escape_html(page.title), page_style(), escape_html(page.title));
  for (size_t i = 0; i < page.sections.size(); ++i) {
    html += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", anchor(i),
                        escape_html(page.sections[i].title));
  }
  html += "</ul></nav>\n<main>\n<section id=\"verdict\" aria-label=\"Verdict\">\n";
  for (const std::string& sentence : page.verdict) {
    html += "<p>" + escape_html(sentence) + "</p>\n";
  }
  html += "</section>\n";
  for (size_t i = 0; i < page.sections.size(); ++i) html += section_html(page.sections[i], i);
  html += "</main>\n<script>\n";
  html += vega_script();
  html += page_script();
  return html + "</script>\n</body>\n</html>\n";
}

std::string to_markdown(const Page& page) {
  std::string text = "# " + page.title + "\n\n";
  for (const std::string& sentence : page.verdict) text += "**" + sentence + "**\n\n";
  for (const Section& section : page.sections) {
    text += "## " + section.title + "\n\n";
    for (const std::string& paragraph : section.paragraphs) text += paragraph + "\n\n";
    for (const Figure& figure : section.figures) {
      text += fmt::format("Figure: {}. {}\n\n", figure.title, figure.description);
    }
    for (const Table& table : section.tables) text += to_markdown(table) + "\n";
    for (const Picture& picture : section.pictures) text += "- " + picture.caption + "\n";
    if (!section.pictures.empty()) text += "\n";
  }
  return text;
}

}  // namespace ncprune
