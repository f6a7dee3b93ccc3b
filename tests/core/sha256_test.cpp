#include "common/core/sha256.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>

namespace vitral {
namespace {

std::string hash(const std::string& text, std::size_t piece) {
  Sha256 sha;
  const auto bytes = std::as_bytes(std::span(text));
  for (std::size_t i = 0; i < bytes.size(); i += piece) sha.update(bytes.subspan(i, std::min(piece, bytes.size() - i)));
  return sha.hex();
}

// FIPS 180-4's examples; the last two lengths are those around the padding's block boundary (Python's hashlib).
TEST(Sha256, AgreesWithTheStandard) {
  for (const std::size_t piece : {1u, 3u, 63u, 64u, 65u, 4096u}) {
    EXPECT_EQ(hash("", piece), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hash("abc", piece), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", piece),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hash(std::string(1'000'000, 'a'), piece),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_EQ(hash(std::string(55, 'a'), piece), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    EXPECT_EQ(hash(std::string(64, 'a'), piece), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
  }
}

}  // namespace
}  // namespace vitral
