/// A catalogue of files, each with the fault that has to refuse it or none.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/weights/builders.h"

namespace vitral::weights::build {

/// A torch archive whose data.pkl is exactly `stream`, with the storage of pair_tensor().
inline Bytes raw(std::string_view stream) {
  return zip(torch_members(Bytes(stream), pair_storage()), {.zip64 = true});
}
/// The opcodes between a protocol 2 header and STOP.
inline Bytes ops(const Op& value) {
  return raw(pickle(value));
}
/// A state dict of one good tensor under "w", and `extra` under "x": what `extra` does decides.
inline Bytes beside(const Op& extra) {
  return ops(dict({{text("w"), pair_tensor()}, {text("x"), extra}}));
}
/// A state dict whose only tensor is `value`.
inline Bytes only(const Op& value, const Storages& storages = pair_storage()) {
  return torch_zip(dict({{text("w"), value}}), storages);
}

struct Case {
  std::string name;
  Bytes bytes;
  std::optional<Fault> fault;  ///< nothing: the file is accepted
};

inline std::string show(std::optional<Fault> fault) {
  return fault ? std::string(to_string(*fault)) : "accepted";
}

/// Runs every case, and checks that the refusal is one printable line that begins with the file's name.
inline void expect_faults(const std::vector<Case>& cases) {
  for (const auto& entry : cases) {
    SCOPED_TRACE(entry.name);
    EXPECT_EQ(show(fault_of(entry.bytes)), show(entry.fault));
    try {
      open_copy(entry.bytes);
    } catch (const FormatError& error) {
      const std::string what = error.what();
      EXPECT_EQ(what.rfind("test file: ", 0), 0u) << what;
      EXPECT_EQ(what.find_first_of(std::string("\n\r\t\0", 4)), std::string::npos) << what;
      EXPECT_LT(what.size(), 2'000u);
      EXPECT_EQ(error.kind(), ErrorKind::weights);
    }
  }
}

}  // namespace vitral::weights::build
