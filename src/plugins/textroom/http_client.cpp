// The only file of this room that includes libcurl.
#include "plugins/textroom/http_client.hpp"

#include <curl/curl.h>

#include <memory>

namespace limen::textroom {
namespace {

constexpr long kConnectSeconds = 5;
constexpr long kTotalSeconds = 10;

size_t swallow(char*, size_t size, size_t count, void*) {
  return size * count;
}

struct ListEnd {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct HandleEnd {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

}  // namespace

Result<> start_http_client() {
  CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) return fail("libcurl does not start: {}", curl_easy_strerror(code));
  return {};
}

Result<> post_json(const std::string& url, const std::string& body) {
  std::unique_ptr<CURL, HandleEnd> handle(curl_easy_init());
  std::unique_ptr<curl_slist, ListEnd> headers;
  for (const char* header :
       {"Accept: application/json", "Content-Type: application/json", "charsets: utf-8", "Expect:"}) {
    curl_slist* longer = curl_slist_append(headers.get(), header);
    if (longer == nullptr) return fail("out of memory");
    static_cast<void>(headers.release());
    headers.reset(longer);
  }
  CURL* curl = handle.get();
  if (curl == nullptr) return fail("out of memory");
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);  // timeouts without signals: there are other threads
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kTotalSeconds);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "Limen/1.0");
  CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) return fail("{}", curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 400) return fail("HTTP status {}", status);
  return {};
}

}  // namespace limen::textroom
