// The only file of this room that includes libcurl.
#include "runtime/http_post.hpp"

#include <curl/curl.h>

#include <memory>
#include <mutex>

namespace limen::runtime {
namespace {

struct ListEnd {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct HandleEnd {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Headers = std::unique_ptr<curl_slist, ListEnd>;

bool append(Headers& list, const std::string& header) {
  curl_slist* longer = curl_slist_append(list.get(), header.c_str());
  if (longer == nullptr) return false;
  static_cast<void>(list.release());  // it is the same list, longer
  list.reset(longer);
  return true;
}

size_t take(char* bytes, size_t size, size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > HttpAnswer::kLargestBody) return 0;  // ends the transfer with an error
  body.append(bytes, size * count);
  return size * count;
}

int stopped(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

CURL* handle_of_this_thread() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  thread_local std::unique_ptr<CURL, HandleEnd> handle(curl_easy_init());
  return handle.get();
}

}  // namespace

HttpAnswer http_post(const HttpPost& to, const std::string& body, const std::atomic<bool>& stop) {
  HttpAnswer answer;
  CURL* curl = handle_of_this_thread();
  Headers headers;
  bool ready = curl != nullptr && append(headers, "Content-Type: application/json") && append(headers, "Expect:") &&
               (to.authorization.empty() || append(headers, "Authorization: " + to.authorization));
  if (!ready) {
    answer.problem = "out of memory";
    return answer;
  }
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, to.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);    // timeouts without signals: there are other threads
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // a name server that is silent does not hold up the end
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(to.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "Limen/1.0");
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stopped);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&stop));
  if (!to.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, to.ca_file.c_str());
  CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    answer.problem = curl_easy_strerror(code);
    answer.body.clear();
    return answer;
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace limen::runtime
