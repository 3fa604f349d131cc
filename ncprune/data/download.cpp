#include "ncprune/data/download.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "ncprune/base/error.h"
#include "ncprune/base/log.h"
#include "ncprune/base/progress.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

struct FreeCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};

// The destination of the bytes.
struct Target {
  std::unique_ptr<std::FILE, CloseFile> file;
  uint64_t bytes;  // in the file
  uint64_t max_bytes;
  std::optional<Progress> bar = {};
  int64_t shown = 0;  // by the bar
};

size_t write_bytes(char* data, size_t /*one*/, size_t count, void* user) {
  auto& target = *static_cast<Target*>(user);
  if (target.bytes + count > target.max_bytes) return 0;  // CURLE_WRITE_ERROR
  const size_t written = std::fwrite(data, 1, count, target.file.get());
  target.bytes += written;
  return written;
}

int show_progress(void* user, curl_off_t total, curl_off_t done, curl_off_t /*up*/,
                  curl_off_t /*sent*/) {
  auto& target = *static_cast<Target*>(user);
  if (total <= 0) return 0;
  if (!target.bar) target.bar.emplace("download", total);
  target.bar->advance(done - target.shown);
  target.shown = done;
  return 0;
}

struct Attempt {
  CURLcode code;
  long status;  // HTTP's
  std::string what;
};

Attempt attempt(const std::string& url, const std::string& part, const DownloadOptions& options) {
  std::error_code missing;
  const uintmax_t there = fs::file_size(part, missing);
  Target target{nullptr, missing ? 0 : there, options.max_bytes};
  target.file.reset(std::fopen(part.c_str(), "ab"));
  if (!target.file) throw InputError(part + ": cannot be written");
  const std::unique_ptr<CURL, FreeCurl> curl(curl_easy_init());
  std::array<char, CURL_ERROR_SIZE> message{};
  const auto set = [&](CURLoption option, auto value) {
    const CURLcode code = curl_easy_setopt(curl.get(), option, value);
    if (code != CURLE_OK) throw InputError(url + ": " + curl_easy_strerror(code));
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 10L);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.stall_seconds));
  set(CURLOPT_LOW_SPEED_LIMIT, 100L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_seconds));
  set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(target.bytes));
  set(CURLOPT_USERAGENT, "ncprune");
  set(CURLOPT_ERRORBUFFER, message.data());
  set(CURLOPT_WRITEFUNCTION, write_bytes);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&target));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, show_progress);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(&target));
  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_WRITE_ERROR && target.bytes + CURL_MAX_WRITE_SIZE > options.max_bytes) {
    target.file.reset();
    fs::remove(part);
    throw InputError(fmt::format("{}: larger than {} bytes", url, options.max_bytes));
  }
  const bool flushed = std::fflush(target.file.get()) == 0;
  if (!flushed) throw InputError(part + ": cannot be written");
  return {code, status, message[0] != '\0' ? message.data() : curl_easy_strerror(code)};
}

}  // namespace

void download(const std::string& url, const std::string& path, const DownloadOptions& options) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) throw std::runtime_error("libcurl cannot start");
  const std::string part = path + ".part";
  int pause = options.pause_seconds;
  std::string last;
  for (int i = 0; i < options.attempts; ++i) {
    if (i > 0) {
      log_info(fmt::format("{}: {}; another attempt", url, last));
      std::this_thread::sleep_for(std::chrono::seconds(pause));
      pause *= 2;
    }
    const Attempt result = attempt(url, part, options);
    constexpr long kRangeRefused = 416;
    if (result.code == CURLE_OK) {
      fs::rename(part, path);
      return;
    }
    last = result.what;
    // The server cannot resume, or the partial file is not the start of this file: start over.
    if (result.code == CURLE_RANGE_ERROR || result.status == kRangeRefused) fs::remove(part);
    // A permanent error of the server is not retried.
    constexpr long kClientError = 400;
    constexpr long kServerError = 500;
    const bool refused = result.code == CURLE_HTTP_RETURNED_ERROR &&
                         result.status >= kClientError && result.status < kServerError &&
                         result.status != kRangeRefused;
    if (refused || result.code == CURLE_UNSUPPORTED_PROTOCOL ||
        result.code == CURLE_URL_MALFORMAT) {
      break;
    }
  }
  throw InputError(fmt::format("{}: {}", url, last));
}

}  // namespace ncprune
