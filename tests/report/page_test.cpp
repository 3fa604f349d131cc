#include "ncprune/report/page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "ncprune/base/json.h"
#include "ncprune/report/figures.h"

namespace ncprune {
namespace {

const std::string kEvil = "</script><script>alert('1')</script>\"&<!--";

size_t count(const std::string& text, const std::string& what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

// Every text of it is kEvil.
Page evil_page() {
  const Figure figure = dot_plot(kEvil, kEvil, {kEvil}, {{kEvil, {0.5}}});
  const Picture picture{kEvil, {1, 1, 2, {0, 255}}};
  return {kEvil, {kEvil}, {{kEvil, {kEvil}, {{kEvil, {kEvil}, {{kEvil}}}}, {figure}, {picture}}}};
}

Json spec_of(const Figure& figure) {
  return Json::parse(figure.spec);
}

TEST(Page, EscapesEveryText) {
  Page plain;
  plain.title = "plain";
  const std::string html = to_html(evil_page());
  // One script that the page carries, one of data for its figure.
  EXPECT_EQ(count(html, "<script"), count(to_html(plain), "<script") + 1);
  EXPECT_EQ(count(html, "</script>"), count(to_html(plain), "</script>") + 1);
  EXPECT_EQ(html.find("alert('1')</script>\"&<"), std::string::npos);
}

TEST(Page, CarriesItsFiguresAsTheyAre) {
  const std::string html = to_html(evil_page());
  const std::string begin = "<script type=\"application/json\">";
  const size_t at = html.find(begin) + begin.size();
  const Json spec = Json::parse(html.substr(at, html.find("</script>", at) - at));
  EXPECT_EQ(spec["data"][0]["values"][0]["series"], kEvil);
}

TEST(Page, AsksForNothingFromOutside) {
  const std::string html = to_html(evil_page());
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(html.find("src=\"http"), std::string::npos);
  EXPECT_EQ(html.find("sourceMappingURL"), std::string::npos);
  EXPECT_NE(html.find("src=\"data:image/png;base64,iVBOR"), std::string::npos);
}

TEST(Page, AsMarkdownHasTheSameTables) {
  Page page{"Title", {"It is well."}, {{"Part", {"Text."}, {{"Numbers", {"a"}, {{"1"}}}}}}};
  page.sections[0].figures = {line_chart("Curve", "It falls.", "x", {{"one", {{0.1, 0.2}}}})};
  EXPECT_EQ(to_markdown(page),
            "# Title\n\n**It is well.**\n\n## Part\n\nText.\n\nFigure: Curve. It falls.\n\n"
            "**Numbers**\n\n| a |\n|---|\n| 1 |\n\n");
}

TEST(Picture, SurvivesAsPngAndAsJpegNearly) {
  Image image{3, 2, 3, {}};
  for (uint8_t i = 0; i < 18; ++i) image.pixels.push_back(static_cast<uint8_t>(14 * i));
  const Image png = decode_image(encode_png(image), "png");
  EXPECT_EQ(png.pixels, image.pixels);
  EXPECT_EQ(png.width, 3);
  const Image grey{1, 4, 4, std::vector<uint8_t>(16, 77)};
  EXPECT_EQ(decode_image(encode_png(grey), "png").pixels, grey.pixels);
  const Image jpeg = decode_image(encode_jpeg(grey, 90), "jpeg");
  EXPECT_EQ(jpeg.channels, 1);
  for (const uint8_t p : jpeg.pixels) EXPECT_NEAR(p, 77, 2);
}

TEST(Figures, LeaveOutWhatHasNoValue) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Json dots = spec_of(dot_plot("", "", {"a", "b"}, {{"s", {0.5, nan}}, {"t", {0.25, 1}}}));
  EXPECT_EQ(dots["data"][0]["values"].size(), 3);
  EXPECT_EQ(dots["data"][1]["values"][0]["low"], 0.25);
  EXPECT_EQ(dots["data"][1]["values"][1]["low"], 1);
  const Json map = spec_of(heat_map("", "", {{"r"}, {"x", "y"}, {{0.5, nan}}}));
  ASSERT_EQ(map["data"][0]["values"].size(), 1);
  EXPECT_EQ(map["data"][0]["values"][0]["tip"], "r, x: 50.0 %");
  const Json plane = spec_of(scatter_plot("", "", {{"p", nan, 1, false}, {"q", 2, -3, true}}));
  EXPECT_EQ(plane["data"][0]["values"].size(), 1);
}

TEST(Figures, OfManyThingsShowThoseThatDifferMost) {
  std::vector<std::string> names;
  Series before{"before", {}};
  Series after{"after", {}};
  for (int i = 0; i < 1000; ++i) {
    names.push_back("class " + std::to_string(i));
    before.values.push_back(0.5);
    after.values.push_back(i % 100 == 7 ? 0.1 : 0.5);
  }
  const Figure figure = dot_plot("", "Recall.", names, {before, after});
  EXPECT_EQ(figure.description, "Recall. The 40 of 1000 that differ most are shown.");
  const Json spec = spec_of(figure);
  EXPECT_EQ(spec["data"][0]["values"].size(), 80);
  EXPECT_TRUE(spec["signals"][0]["value"].contains("907"));
}

TEST(Figures, SayTheIntervalOfAPoint) {
  const Json spec =
      spec_of(line_chart("", "", "x", {{"m", {{0.9, 0.5, std::pair{0.4, 0.6}}, {0.95, 0.3}}}}));
  EXPECT_EQ(spec["data"][0]["values"][0]["tip"], "m\nat 90.0 %: 50.0 % (40.0 to 60.0)");
  EXPECT_EQ(spec["data"][0]["values"][1]["low"], 0.3);
}

}  // namespace
}  // namespace ncprune
