/// A small native checkpoint and a few pictures for runs of the program.
#pragma once

#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace vitral::test {

class ProgramTest : public testing::Test {
 protected:
  /// model.safetensors (a ViT-Ti/16 at 32 pixels with random weights and two classes "cat", "dog"), a.png and b.png.
  ProgramTest();

  Outcome run(const std::vector<std::string>& arguments, const std::string& input = "") { return run_vitral(arguments, folder.path(), input); }
  /// One line `vitral: error: …`, that exit code, nothing on standard output.
  void expect_error(const Outcome& outcome, int code, const std::string& part);

  TemporaryFolder folder;
};

}  // namespace vitral::test
