#include "net/auth/pem.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace starling::net {

namespace {

error bad(const std::string& path, const std::string& problem) {
  ERR_clear_error();
  return {errc::malformed, path + ": " + problem};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

/// Literal `\n` becomes a line end; blank lines go, because a value that had both would gain some
/// and OpenSSL takes a blank line for the end of a PEM header.
std::string with_real_newlines(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool literal = text.compare(i, 2, "\\n") == 0;
    const char c = literal || text[i] == '\r' ? '\n' : text[i];
    if (literal) ++i;
    if (c != '\n' || (!out.empty() && out.back() != '\n')) out += c;
  }
  return out;
}

using bio_ptr = std::unique_ptr<BIO, decltype(&BIO_free)>;

bio_ptr open_text(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

/// Without it OpenSSL would ask for the phrase on the terminal.
int no_phrase(char*, int, int, void*) { return -1; }

}  // namespace

result<std::string> read_key_file(const std::string& path, std::size_t max_bytes) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return bad(path, std::string("cannot be read: ") + std::strerror(errno));
  std::string text(max_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return bad(path, "cannot be read: it is not a regular file");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > max_bytes)
    return bad(path,
               "is larger than " + std::to_string(max_bytes / 1024) + " KiB; this is no key file");
  if (text.empty()) return bad(path, "is empty or not a regular file; a key file is expected");
  return text;
}

result<pkey_ptr> read_public_key(const std::string& path) {
  const auto file = read_key_file(path);
  if (!file) return file.error();
  return parse_public_key(*file, path);
}

result<pkey_ptr> parse_public_key(const std::string& raw, const std::string& path) {
  const auto text = with_real_newlines(raw);
  if (has(text, "PRIVATE KEY-----"))
    return bad(path, "holds a private key; verifying needs the public half (openssl pkey -pubout)");
  if (!has(text, "-----BEGIN PUBLIC KEY-----"))
    return bad(path, "holds no PEM block `PUBLIC KEY` (SubjectPublicKeyInfo)");
  const auto bio = open_text(text);
  pkey_ptr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_phrase, nullptr), &EVP_PKEY_free);
  if (!key) return bad(path, "the `PUBLIC KEY` block cannot be parsed; is it cut short?");
  return key;
}

result<pkey_ptr> read_private_key(const std::string& path) {
  const auto file = read_key_file(path);
  if (!file) return file.error();
  const auto text = with_real_newlines(*file);
  if (!has(text, "PRIVATE KEY-----"))
    return bad(path, "holds no PEM block `PRIVATE KEY`; signing needs the private half");
  if (has(text, "ENCRYPTED"))
    return bad(path, "is encrypted; give an unencrypted key (openssl pkey -in FILE -out FILE)");
  const auto bio = open_text(text);
  pkey_ptr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_phrase, nullptr), &EVP_PKEY_free);
  if (!key) return bad(path, "the `PRIVATE KEY` block cannot be parsed; is it cut short?");
  return key;
}

}  // namespace starling::net
