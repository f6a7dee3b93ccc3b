// `vitral models pull` from a server on this machine, and that nothing else opens a connection.
#include <nlohmann/json.hpp>

#include "apps/registry.h"
#include "common/core/sha256.h"
#include "common/runtime/convert.h"
#include "tests/apps/fixture.h"
#include "tests/support/http_server.h"

namespace vitral::test {
namespace {

using nlohmann::json;

/// JAX's file has no published hash, so that any readable checkpoint may stand for it; DeiT's has one.
constexpr const char* kUnhashed = "vit_tiny_patch16_224.augreg_in21k_ft_in1k";
constexpr const char* kHashed = "deit_tiny_patch16_224";

class ModelsPull : public ProgramTest {
 protected:
  ModelsPull() {
    const auto registry = apps::make_registry();
    LoadRequest request;
    request.model = "vit_tiny_patch16_224";
    request.allow_random = true;
    const auto model = load_model(*registry, request);
    convert_weights(model, "timm", served / "tiny.safetensors", false);
    home = folder.path() / "home";
  }

  Outcome pull(const std::string& name, const std::string& path, const std::string& more = "") {
    return run_shell("\"$VITRAL\" models pull " + name + " --source " + server.url(path) + " " + more, folder.path());
  }

  /// Files under the store that have final names.
  std::vector<std::string> files() const {
    std::vector<std::string> result;
    if (!std::filesystem::exists(home)) return result;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(home)) {
      const auto name = entry.path().filename().string();
      if (entry.is_regular_file() && name.find(".part") == std::string::npos) result.push_back(entry.path().string());
    }
    return result;
  }

  TemporaryFolder served;
  std::filesystem::path home;
  HttpServer server{served.path()};
};

TEST_F(ModelsPull, AfterItTheNameFindsTheFile) {
  expect_error(run({"classify", "-m", kUnhashed, "a.png"}), 3, "models pull");
  const auto outcome = pull(kUnhashed, "/whole/tiny.safetensors");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto path = lines(outcome.out).at(0);
  EXPECT_TRUE(path.starts_with(home.string())) << path;
  EXPECT_TRUE(path.find("vit_tiny_patch16_224/Ti_16-i21k-300ep") != std::string::npos) << path;
  EXPECT_EQ(sha256_of_file(path), sha256_of_file(served / "tiny.safetensors"));
  EXPECT_NE(outcome.err.find("no hash was published"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("Apache-2.0"), std::string::npos) << outcome.err;

  // By its tag, and by the plain name whose first published file it is; as if named with -w.
  const auto named = run({"classify", "-m", "vit_tiny_patch16_224", "-w", path, "a.png", "--json", "-"});
  for (const std::string name : {kUnhashed, "vit_tiny_patch16_224"}) {
    const auto found = run({"classify", "-m", name, "a.png", "--json", "-"});
    ASSERT_EQ(found.code, 0) << found.err;
    EXPECT_EQ(json::parse(lines(found.out)[0])["classes"], json::parse(lines(named.out)[0])["classes"]);
  }
  const auto bench = run({"bench", "-m", "vit_tiny_patch16_224", "--iters", "1", "--warmup", "0", "--json", "-"});
  EXPECT_EQ(json::parse(bench.out)["rows"][0]["weights"], std::filesystem::path(path).filename().string()) << bench.err;
  // Another tag is another file.
  expect_error(run({"classify", "-m", "vit_tiny_patch16_224.augreg_in21k", "a.png"}), 3,
               "here: vit_tiny_patch16_224.augreg_in21k_ft_in1k");

  const auto shown = json::parse(run({"models", "show", "vit_tiny_patch16_224", "--json", "-"}).out);
  EXPECT_EQ(shown["pretrained"][0]["path"], path);
  EXPECT_FALSE(shown["pretrained"][1].contains("path"));
  EXPECT_NE(run({"models", "show", "vit_tiny_patch16_224"}).out.find("here: " + path), std::string::npos);
  const auto listed = json::parse(run({"models", "list", "--json", "-"}).out);
  for (const auto& model : listed["models"]) {
    const bool here = model["name"] == "vit_tiny_patch16_224" || model["bundled"].get<bool>();
    EXPECT_EQ(model["pulled"].size(), here ? 1u : 0u) << model["name"];
  }

  const auto again = pull(kUnhashed, "/missing/tiny.safetensors");  // is not asked
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(lines(again.out).at(0), path);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(ModelsPull, GoesOnWithWhatIsThere) {
  const auto report = json::parse(pull(kUnhashed, "/cut/tiny.safetensors", "--json - -q").out);
  EXPECT_EQ(report["schema"], "vitral.pull/1");
  EXPECT_EQ(report["sha256"], sha256_of_file(served / "tiny.safetensors"));
  EXPECT_EQ(report["was_there"], false);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(ModelsPull, RefusesAWrongHashAndSaysSo) {
  expect_error(pull(kHashed, "/whole/tiny.safetensors"), 3, "expected a1311bcf");
  EXPECT_TRUE(files().empty());
  expect_error(run({"classify", "-m", kHashed, "a.png"}), 3, "models pull");
}

TEST_F(ModelsPull, RefusesAWrongFileThatIsThere) {
  const auto path = home / "models/deit_tiny_patch16_224/deit_tiny_patch16_224-a1311bcf.pth";
  std::filesystem::create_directories(path.parent_path());
  spit(path, "broken");
  expect_error(pull(kHashed, "/whole/tiny.safetensors"), 3, "-y fetches it again");
}

TEST_F(ModelsPull, RefusesWhatIsNoCheckpoint) {
  expect_error(pull(kUnhashed, "/page/tiny.safetensors"), 3, ".part");
  EXPECT_TRUE(files().empty());
}

TEST_F(ModelsPull, NamesWhatTheServerSays) {
  expect_error(pull(kUnhashed, "/whole/nothing.safetensors"), 1, "404");
  expect_error(pull(kUnhashed, "/loop/tiny.safetensors"), 1, "redirects");
  expect_error(pull(kUnhashed, "/stall/tiny.safetensors", "--timeout 1"), 1, "nothing arrived for 1 s");
  expect_error(pull(kUnhashed, "/no_length/tiny.safetensors"), 3, "without a length");
  expect_error(run({"models", "pull", kUnhashed, "--source", "ftp://127.0.0.1/x.pth"}), 2, "neither an http://");
  expect_error(run({"models", "pull", "vit_tinny_patch16_224"}), 2, "vit_tiny_patch16_224");
  expect_error(run({"models", "pull", "efficientnet_lite1"}), 2, "nothing was published");
  EXPECT_TRUE(files().empty());
}

TEST_F(ModelsPull, MirrorsAreFoldersOrHubs) {
  // The server does not know these paths: its answer shows which one was asked for.
  pull("resnet18.tv_in1k", "/whole/mirror/");
  pull("vit_base_patch16_224.google/vit-base-patch16-224", "/whole");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0], "/whole/mirror/resnet18-f37072fd.pth - -");
  EXPECT_EQ(requests[1], "/whole/google/vit-base-patch16-224/resolve/main/model.safetensors - -");
}

TEST_F(ModelsPull, FoldersAreTheUsersChoice) {
  const auto outcome = pull(kUnhashed, "/whole/tiny.safetensors", "--dir here");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(lines(outcome.out).at(0).starts_with("here/Ti_16"));
  EXPECT_TRUE(files().empty());
  const auto xdg = run_shell("unset VITRAL_HOME; export XDG_DATA_HOME=$PWD/xdg; \"$VITRAL\" models pull " +
                                 std::string(kUnhashed) + " --source " + server.url("/whole/tiny.safetensors"),
                             folder.path());
  EXPECT_EQ(xdg.code, 0) << xdg.err;
  EXPECT_NE(xdg.out.find("/xdg/vitral/models/"), std::string::npos) << xdg.out;
  spit(folder / "file", "");
  expect_error(pull(kUnhashed, "/whole/tiny.safetensors", "--dir file"), 2, "file");
  expect_error(pull(kUnhashed, "/whole/tiny.safetensors", "--dir /proc/nowhere"), 2, "/proc/nowhere");
}

TEST_F(ModelsPull, AFullDiskLeavesNoFile) {
  // The shell's limit of a file's size stands for the disk's.
  const auto outcome = run_shell("trap '' XFSZ; ulimit -f 512; \"$VITRAL\" models pull " + std::string(kUnhashed) +
                                     " --source " + server.url("/whole/tiny.safetensors"),
                                 folder.path());
  expect_error(outcome, 1, "can't be written");
  EXPECT_TRUE(files().empty());
}

TEST_F(ModelsPull, AnInterruptKeepsWhatWasReceived) {
  const std::string pull_it =
      "\"$VITRAL\" models pull " + std::string(kUnhashed) + " --source " + server.url("/stall/tiny.safetensors");
  const auto outcome =
      run_shell("set -m; " + pull_it +
                    " & for i in $(seq 200); do sleep 0.05; ls home/models/*/*.part >/dev/null 2>&1 && break; done; "
                    "sleep 0.3; kill -INT $!; wait $!",
                folder.path());
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_NE(outcome.err.find("vitral: error: interrupted"), std::string::npos) << outcome.err;
  EXPECT_TRUE(files().empty());
  EXPECT_NE(run_shell("cat home/models/*/*.part | wc -c", folder.path()).out.find("4000"), std::string::npos);
}

TEST_F(ModelsPull, NothingElseOpensAConnection) {
  if (std::string_view(VITRAL_NO_NETWORK).empty())
    GTEST_SKIP() << "sanitizers and preloaded libraries do not go together";
  const auto without_network = [&](const std::string& arguments) {
    return run_shell("LD_PRELOAD=" + beside_me(VITRAL_NO_NETWORK) + " \"$VITRAL\" " + arguments, folder.path());
  };
  ASSERT_EQ(run_shell("\"$VITRAL\" preprocess -m ./model.safetensors a.png -o in.safetensors", folder.path()).code, 0);
  for (const std::string arguments :
       {"classify -m ./model.safetensors a.png b.png --json -",
        "forward -m ./model.safetensors -i in.safetensors -o out.safetensors", "weights show model.safetensors",
        "weights check model.safetensors", "weights convert model.safetensors -o hf.safetensors --to hf",
        "weights diff model.safetensors model.safetensors", "preprocess -m resnet50 a.png -o p.safetensors",
        "models list", "models show resnet50", "bench -m ./model.safetensors --iters 1 --warmup 0", "doctor", "version",
        "completion bash"}) {
    const auto outcome = without_network(arguments);
    EXPECT_EQ(outcome.code, 0) << arguments << "\n" << outcome.err;
    EXPECT_EQ(outcome.err.find("no_network"), std::string::npos) << arguments;
  }
  expect_error(without_network("classify -m resnet50 a.png"), 3, "models pull");  // no file: said, not fetched
  // The guard itself works: the one command that downloads runs into it.
  const auto caught = without_network("models pull resnet50 --source " + server.url("/whole/tiny.safetensors"));
  EXPECT_EQ(caught.code, 99);
  EXPECT_NE(caught.err.find("no_network: "), std::string::npos) << caught.err;
}

}  // namespace
}  // namespace vitral::test
