#include "crypto/certificate.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <array>

#include "base/net_address.hpp"
#include "crypto/certificate_state.hpp"
#include "crypto/fingerprint.hpp"

namespace limen::crypto {
namespace {

constexpr long kYear = 365L * 24 * 60 * 60;

PkeyPtr make_key(KeyType type) {
  return PkeyPtr(type == KeyType::rsa_2048 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
}

bool set_random_serial(X509* certificate) {
  std::array<uint8_t, 16> serial;
  if (RAND_bytes(serial.data(), serial.size()) != 1) return false;
  serial[0] = static_cast<uint8_t>((serial[0] & 0x7f) | 0x40);  // positive, and never short
  std::unique_ptr<BIGNUM, OpensslDelete<&BN_free>> number(BN_bin2bn(serial.data(), serial.size(), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_names(X509* certificate, const CertificateRequest& request) {
  X509_NAME* name = X509_get_subject_name(certificate);
  auto add = [&](const char* field, const std::string& value) {
    return value.empty() ||
           X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
  };
  return add("O", request.organization) && add("CN", request.common_name) &&
         X509_set_issuer_name(certificate, name) == 1;
}

using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslDelete<&GENERAL_NAMES_free>>;
using NamePtr = std::unique_ptr<GENERAL_NAME, OpensslDelete<&GENERAL_NAME_free>>;

NamePtr make_alternative_name(const std::string& text) {
  NamePtr name(GENERAL_NAME_new());
  auto ip = IpAddress::parse(text);
  Bytes value = ip ? Bytes(ip->bytes()) : as_bytes(text);
  ASN1_STRING* string = ip ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
  if (!name || string == nullptr || ASN1_STRING_set(string, value.data(), static_cast<int>(value.size())) != 1) {
    ASN1_STRING_free(string);
    return nullptr;
  }
  GENERAL_NAME_set0_value(name.get(), ip ? GEN_IPADD : GEN_DNS, string);
  return name;
}

bool add_alternative_names(X509* certificate, const std::vector<std::string>& texts) {
  if (texts.empty()) return true;
  NamesPtr names(GENERAL_NAMES_new());
  for (const std::string& text : texts) {
    NamePtr name = make_alternative_name(text);
    if (!name || sk_GENERAL_NAME_push(names.get(), name.get()) == 0) return false;
    static_cast<void>(name.release());  // the list owns it now
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

bool fill_and_sign(X509* certificate, EVP_PKEY* key, const CertificateRequest& request) {
  return X509_set_version(certificate, X509_VERSION_3) == 1 && set_random_serial(certificate) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -kYear) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), kYear) != nullptr && set_names(certificate, request) &&
         X509_set_pubkey(certificate, key) == 1 && add_alternative_names(certificate, request.alternative_names) &&
         X509_sign(certificate, key, EVP_sha256()) != 0;
}

std::chrono::sys_seconds to_time(const ASN1_TIME* time) {
  // Relative to the epoch, so that no time zone comes in.
  int days = 0, seconds = 0;
  std::unique_ptr<ASN1_TIME, OpensslDelete<&ASN1_TIME_free>> epoch(ASN1_TIME_set(nullptr, 0));
  ASN1_TIME_diff(&days, &seconds, epoch.get(), time);
  return std::chrono::sys_seconds(std::chrono::days(days) + std::chrono::seconds(seconds));
}

template <typename Write>
std::string to_pem(Write write) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) return {};
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

}  // namespace

Certificate::Certificate(std::unique_ptr<State> state) : state_(std::move(state)) {}
Certificate::~Certificate() = default;

Result<std::shared_ptr<const Certificate>> Certificate::generate(const CertificateRequest& request) {
  auto state = std::make_unique<State>();
  state->key = make_key(request.key);
  if (!state->key) return fail("Cannot make a private key: {}", take_openssl_error());
  state->certificate.reset(X509_new());
  if (!state->certificate || !fill_and_sign(state->certificate.get(), state->key.get(), request)) {
    return fail("Cannot make a self-signed certificate: {}", take_openssl_error());
  }
  return std::make_shared<const Certificate>(std::move(state));
}

std::string Certificate::fingerprint(std::string_view hash) const {
  const EVP_MD* digest = fingerprint_digest(hash);
  std::array<uint8_t, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  if (digest == nullptr || X509_digest(state_->certificate.get(), digest, out.data(), &size) != 1) return {};
  return format_fingerprint(Bytes(out).first(size));
}

std::chrono::sys_seconds Certificate::not_before() const {
  return to_time(X509_get0_notBefore(state_->certificate.get()));
}
std::chrono::sys_seconds Certificate::not_after() const {
  return to_time(X509_get0_notAfter(state_->certificate.get()));
}
KeyType Certificate::key_type() const {
  return EVP_PKEY_get_base_id(state_->key.get()) == EVP_PKEY_RSA ? KeyType::rsa_2048 : KeyType::ec_p256;
}

std::vector<std::string> Certificate::alternative_names() const {
  std::vector<std::string> out;
  NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(state_->certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    Bytes bytes(ASN1_STRING_get0_data(value), static_cast<size_t>(ASN1_STRING_length(value)));
    if (type == GEN_DNS) out.emplace_back(as_text(bytes));
    else if (type == GEN_IPADD && bytes.size() == 4) out.push_back(IpAddress::v4(bytes.first<4>()).to_string());
    else if (type == GEN_IPADD && bytes.size() == 16) out.push_back(IpAddress::v6(bytes.first<16>()).to_string());
  }
  return out;
}

std::string Certificate::certificate_pem() const {
  return to_pem([this](BIO* bio) {
    int ok = PEM_write_bio_X509(bio, state_->certificate.get());
    for (const X509Ptr& next : state_->chain) ok = ok == 1 ? PEM_write_bio_X509(bio, next.get()) : ok;
    return ok;
  });
}

std::string Certificate::key_pem() const {
  return to_pem([this](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

}  // namespace limen::crypto
