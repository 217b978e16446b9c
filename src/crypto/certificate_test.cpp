#include "crypto/certificate.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "crypto/certificate_state.hpp"
#include "crypto/fingerprint.hpp"
#include "tests/support/hex.hpp"

namespace limen::crypto {
namespace {

using std::chrono::hours;

class CertificateFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "limen-cert-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void save(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  static std::string error_of(const Result<std::shared_ptr<const Certificate>>& result) {
    return result ? "" : result.error().text;
  }

  std::string folder_;
};

std::string encrypted_key(const Certificate& certificate, std::string passphrase) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), certificate.state().key.get(), EVP_aes_128_cbc(), passphrase.data(),
                                static_cast<int>(passphrase.size()), nullptr, nullptr);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

TEST(Certificate, a_generated_one_is_valid_from_a_year_ago_for_two_years) {
  for (KeyType type : {KeyType::ec_p256, KeyType::rsa_2048}) {
    auto certificate = Certificate::generate({.key = type});
    ASSERT_TRUE(certificate);
    auto now = std::chrono::system_clock::now();
    EXPECT_LT(std::chrono::abs(now - hours(365 * 24) - (*certificate)->not_before()), hours(1));
    EXPECT_LT(std::chrono::abs(now + hours(365 * 24) - (*certificate)->not_after()), hours(1));
    EXPECT_EQ((*certificate)->key_type(), type);
    X509* x509 = (*certificate)->state().certificate.get();
    EXPECT_EQ(X509_get_version(x509), X509_VERSION_3);
    EXPECT_EQ(X509_verify(x509, (*certificate)->state().key.get()), 1);
    EXPECT_EQ(X509_name_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)), 0);
    char name[64];
    X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, name, sizeof name);
    EXPECT_STREQ(name, "Limen");
  }
}

TEST(Certificate, two_generated_ones_differ_in_serial_and_fingerprint) {
  auto a = Certificate::generate(), b = Certificate::generate();
  ASSERT_TRUE(a && b);
  EXPECT_NE((*a)->fingerprint(), (*b)->fingerprint());
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get_serialNumber((*a)->state().certificate.get()),
                             X509_get_serialNumber((*b)->state().certificate.get())),
            0);
}

TEST(Certificate, fingerprints_by_hash) {
  auto certificate = Certificate::generate();
  ASSERT_TRUE(certificate);
  const std::pair<const char*, size_t> sizes[] = {
      {"sha-1", 20}, {"SHA-224", 28}, {"sha-256", 32}, {"Sha-384", 48}, {"sha-512", 64}};
  for (auto [hash, size] : sizes) EXPECT_EQ((*certificate)->fingerprint(hash).size(), size * 3 - 1) << hash;
  EXPECT_EQ((*certificate)->fingerprint("md5"), "");
  EXPECT_TRUE(fingerprint_hash_supported("SHA-256"));
  EXPECT_FALSE(fingerprint_hash_supported("sha256"));
}

TEST(Certificate, alternative_names_tell_hosts_from_addresses) {
  CertificateRequest request;
  request.alternative_names = {"localhost", "media.example.org", "127.0.0.1", "::1"};
  auto certificate = Certificate::generate(request);
  ASSERT_TRUE(certificate);
  X509* x509 = (*certificate)->state().certificate.get();
  EXPECT_EQ(X509_check_host(x509, "media.example.org", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(x509, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(x509, "example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(x509, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(x509, "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(x509, "127.0.0.2", 0), 0);
}

TEST(Fingerprint, text_and_bytes) {
  EXPECT_EQ(format_fingerprint(test::from_hex("00abCD")), "00:AB:CD");
  ASSERT_TRUE(parse_fingerprint("00:ab:CD"));
  EXPECT_EQ(*parse_fingerprint("00:ab:CD"), test::from_hex("00abcd"));
  for (std::string_view bad : {"", "0", "00:", "00:a", "00ab", "00-ab", "0g:00", ":00", "00:ab:"}) {
    EXPECT_FALSE(parse_fingerprint(bad)) << bad;
  }
}

TEST_F(CertificateFiles, written_files_load_again_and_the_key_is_private) {
  for (KeyType type : {KeyType::ec_p256, KeyType::rsa_2048}) {
    auto made = Certificate::generate({.key = type});
    ASSERT_TRUE(made);
    ASSERT_TRUE((*made)->write(path("cert.pem"), path("key.pem")));
    struct stat info{};
    ASSERT_EQ(::stat(path("key.pem").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    auto loaded = Certificate::load(path("cert.pem"), path("key.pem"));
    ASSERT_TRUE(loaded) << error_of(loaded);
    EXPECT_EQ((*loaded)->fingerprint(), (*made)->fingerprint());
    EXPECT_EQ((*loaded)->key_type(), type);
  }
}

TEST_F(CertificateFiles, a_certificate_with_its_chain_and_key_in_one_file) {
  auto leaf = Certificate::generate(), issuer = Certificate::generate();
  save("all.pem", (*leaf)->certificate_pem() + (*issuer)->certificate_pem() + (*leaf)->key_pem());
  auto loaded = Certificate::load(path("all.pem"), path("all.pem"));
  ASSERT_TRUE(loaded) << error_of(loaded);
  EXPECT_EQ((*loaded)->fingerprint(), (*leaf)->fingerprint());
  EXPECT_EQ((*loaded)->certificate_pem(), (*leaf)->certificate_pem() + (*issuer)->certificate_pem());
}

TEST_F(CertificateFiles, passphrases) {
  auto made = Certificate::generate();
  save("cert.pem", (*made)->certificate_pem());
  save("key.pem", encrypted_key(**made, "open sesame"));
  EXPECT_TRUE(Certificate::load(path("cert.pem"), path("key.pem"), "open sesame"));
  EXPECT_EQ(error_of(Certificate::load(path("cert.pem"), path("key.pem"), "wrong")),
            "Wrong passphrase for the private key in " + path("key.pem"));
  EXPECT_EQ(error_of(Certificate::load(path("cert.pem"), path("key.pem"))),
            "The private key in " + path("key.pem") + " is encrypted and no passphrase is configured");
}

TEST_F(CertificateFiles, errors_say_which_file_and_why) {
  auto made = Certificate::generate(), other = Certificate::generate();
  save("cert.pem", (*made)->certificate_pem());
  save("key.pem", (*made)->key_pem());
  save("other-key.pem", (*other)->key_pem());
  save("text.pem", "hello");
  std::string broken = (*made)->certificate_pem();
  broken[broken.size() / 2] = '!';
  save("broken-chain.pem", (*made)->certificate_pem() + broken);

  EXPECT_EQ(error_of(Certificate::load(path("none.pem"), path("key.pem"))),
            "Cannot read " + path("none.pem") + ": No such file or directory");
  EXPECT_EQ(error_of(Certificate::load(path("cert.pem"), path("none.pem"))),
            "Cannot read " + path("none.pem") + ": No such file or directory");
  EXPECT_EQ(error_of(Certificate::load(folder_, path("key.pem"))), "Cannot read " + folder_ + ": not a regular file");
  EXPECT_EQ(
      error_of(Certificate::load(path("cert.pem"), path("other-key.pem"))),
      "The private key in " + path("other-key.pem") + " does not belong to the certificate in " + path("cert.pem"));
  EXPECT_EQ(error_of(Certificate::load(path("text.pem"), path("key.pem"))),
            path("text.pem") + " holds no certificate in PEM format: no start line");
  EXPECT_EQ(error_of(Certificate::load(path("cert.pem"), path("text.pem")))
                .substr(0, (path("text.pem") + " holds no private key").size()),
            path("text.pem") + " holds no private key");
  EXPECT_NE(
      error_of(Certificate::load(path("broken-chain.pem"), path("key.pem"))).find("broken certificate in its chain"),
      std::string::npos);
}

TEST_F(CertificateFiles, writing_to_an_impossible_place_fails) {
  auto made = Certificate::generate();
  EXPECT_FALSE((*made)->write(path("no/such/cert.pem"), path("no/such/key.pem")));
}

}  // namespace
}  // namespace limen::crypto
