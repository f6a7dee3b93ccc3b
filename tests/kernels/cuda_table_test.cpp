// The module with the GPU's kernels: opened where it fits, refused in plain words where it does not.
#include <gmock/gmock.h>

#include <fstream>

#include "common/core/error.h"
#include "common/core/module.h"
#include "common/kernels/cuda/table.h"

namespace vitral::kernels::cuda {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CudaTable : public testing::Test {
 protected:
  void expect_refused(const std::filesystem::path& module, const std::string& words) const {
    std::string problem;
    EXPECT_EQ(open_table(module, problem), nullptr);
    EXPECT_THAT(problem, HasSubstr(words));
    EXPECT_THAT(problem, Not(HasSubstr("\n")));
  }
  bool built() const { return !module_path(kModule).empty(); }
};

TEST_F(CudaTable, AModuleThatWasNotBuiltIsSaidWithTheOptionThatBuildsIt) {
  expect_refused({}, "-DVITRAL_CUDA=ON");
}

TEST_F(CudaTable, AFileThatIsNoModuleIsSaid) {
  const auto path = std::filesystem::path(testing::TempDir()) / kModule;
  std::ofstream(path) << "no library";
  expect_refused(path, "the CUDA kernels can't be loaded: ");
  expect_refused(path.string() + ".absent", "the CUDA kernels can't be loaded: ");
}

TEST_F(CudaTable, AModuleWithoutATableIsSaid) {
  expect_refused(VITRAL_MODULE_WITHOUT_TABLE, "the CUDA kernels can't be loaded: ");
}

TEST_F(CudaTable, AModuleOfAnotherVersionIsSaidWithBothVersions) {
  expect_refused(VITRAL_MODULE_OF_ANOTHER_VERSION, "its table has version " + std::to_string(kTableVersion + 1) +
                                                       ", this program expects " + std::to_string(kTableVersion));
}

TEST_F(CudaTable, ThereIsATableOrAReason) {
  EXPECT_EQ(table() != nullptr, table_problem().empty());
  EXPECT_EQ(table() != nullptr, built()) << table_problem();
}

TEST_F(CudaTable, ModulesOfThisBuildHaveEveryKernel) {
  if (!built()) GTEST_SKIP() << table_problem();
  const Table* found = table();
  ASSERT_NE(found, nullptr) << table_problem();
  EXPECT_EQ(found->version, kTableVersion);
  EXPECT_EQ(found->toolkit, VITRAL_CUDA_TOOLKIT);
  EXPECT_STREQ(found->architectures, VITRAL_CUDA_NAMED_ARCHITECTURES);
  EXPECT_TRUE(found->attention && found->bias_activation && found->deformable && found->deformable_backward &&
              found->layer_norm && found->nms && found->patches && found->resample_columns && found->resample_rows &&
              found->roi_align && found->device_problem && found->bias_activation_of_host);
}

TEST_F(CudaTable, KernelsCheckTheirArgumentsBehindTheTable) {
  if (!built()) GTEST_SKIP() << table_problem();
  ASSERT_NE(table(), nullptr) << table_problem();
  try {
    layer_norm({}, {}, nullptr);  // an exception of the module is one of the program's
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    EXPECT_STREQ(error.what(), "layer norm: no rows or no columns");
  }
}

TEST_F(CudaTable, WithoutAModuleKernelsSayWhy) {
  if (built()) GTEST_SKIP() << "this build has the module";
  try {
    attention({}, nullptr);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("-DVITRAL_CUDA=ON"));
  }
  EXPECT_EQ(device_problem(0), table_problem());
}

/// Either there is a GPU and the kernel gives the host's numbers, or the reason is said, once.
TEST_F(CudaTable, TheSelfTestRunsOrSaysWhyNot) {
  const auto problem = device_problem(0);
  if (problem.empty()) {
    const auto result = run_self_test(0);
    EXPECT_EQ(result.numbers, 900);
    EXPECT_LE(result.worst, 1e-5F);
    EXPECT_THAT(device_problem(1000), HasSubstr("there is no GPU 1000"));
    return;
  }
  EXPECT_THAT(problem, Not(HasSubstr("\n")));
  if (built()) {
    EXPECT_THAT(problem, HasSubstr("CUDA driver"));
  }
  try {
    run_self_test(0);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_EQ(error.what(), "CUDA kernels: " + problem);
  }
}

}  // namespace
}  // namespace vitral::kernels::cuda
