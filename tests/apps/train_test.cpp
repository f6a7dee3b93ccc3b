// `vitral train` as a user runs it: a run, what it leaves, interruptions, full disks, wrong requests.
#include <nlohmann/json.hpp>

#include "tests/apps/fixture.h"

namespace vitral::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A data set of class folders with plain pictures: shades of red are one class, of blue the other.
class Train : public testing::Test {
 protected:
  Train() {
    for (const std::string split : {"train", "val"}) {
      for (int i = 0; i < (split == "train" ? 12 : 4); ++i) {
        for (const std::string name : {"blue", "red"})
          write_picture(split + "/" + name + "/" + std::to_string(i) + ".pnm", name, i);
      }
    }
  }

  void write_picture(const std::string& name, const std::string& color, int shade) {
    const auto path = folder / ("data/" + name);
    fs::create_directories(path.parent_path());
    std::string pixels;
    for (int i = 0; i < 16 * 16; ++i) {
      const char level = static_cast<char>(static_cast<std::uint8_t>(150 + 5 * shade + i % 7));
      pixels += color == "red" ? std::string{level, 20, 20} : std::string{20, 20, level};
    }
    spit(path, "P6\n16 16\n255\n" + pixels);
  }

  std::vector<std::string> request(const std::string& run, std::vector<std::string> more = {},
                                   const std::string& epochs = "3") {
    std::vector<std::string> all = {
        "train", "-m", "fashion_resnet", "--data", "data",      "-o", run,         "--epochs", epochs,
        "-b",    "4",  "--warmup",       "0",      "--workers", "1",  "--threads", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome run(const std::vector<std::string>& arguments) { return run_vitral(arguments, folder.path()); }

  json metrics(const std::string& run) {
    auto records = json::array();
    for (const auto& line : lines(slurp(folder / (run + "/metrics.jsonl")))) {
      records.push_back(json::parse(line));
      records.back().erase("seconds");
      records.back().erase("images_per_s");
    }
    return records;
  }
  bool same_weights(const std::string& a, const std::string& b) {
    return slurp(folder / (a + "/last.safetensors")) == slurp(folder / (b + "/last.safetensors")) &&
           slurp(folder / (a + "/best.safetensors")) == slurp(folder / (b + "/best.safetensors"));
  }

  TemporaryFolder folder;
};

TEST_F(Train, LeavesAModelThatKnowsItsClasses) {
  const auto outcome = run(request("run", {"--ema", "0", "--lr", "0.005"}, "8"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const auto records = metrics("run");
  ASSERT_EQ(records.size(), 8U);
  EXPECT_EQ(records[7]["val"]["top1"], 1.0);
  for (const char* file :
       {"run.json", "best.safetensors", "state.safetensors", "results.csv", "loss.svg", "metrics.svg", "index.html"}) {
    EXPECT_TRUE(fs::exists(folder / (std::string("run/") + file))) << file;
  }
  const auto plan = json::parse(slurp(folder / "run/run.json"));
  EXPECT_EQ(plan["facts"]["train_sha256"].get<std::string>().size(), 64U);
  const auto said = run({"classify", "-m", "run/best.safetensors", "data/val/red/1.pnm", "--json", "-", "--topk", "1"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(json::parse(lines(said.out)[0])["classes"][0]["label"], "red");
}

TEST_F(Train, FineTunesOtherClassesAndSaysWhatIsNew) {
  ASSERT_EQ(run(request("first")).code, 0);
  for (int i = 0; i < 8; ++i) write_picture("train/green/" + std::to_string(i) + ".pnm", "green", i);
  const auto outcome =
      run({"train", "-m", "first/best.safetensors", "--data", "data", "-o", "second", "--epochs", "1", "-b", "8"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("fc"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("recipe finetune"), std::string::npos) << outcome.err;
}

TEST_F(Train, GoesOnAfterATermination) {
  ASSERT_EQ(run(request("straight")).code, 0);
  const auto stopped = run_shell(
      "$VITRAL train -m fashion_resnet --data data -o stopped --epochs 3 -b 4 --warmup 0 --workers 1 "
      "--threads 1 & pid=$!; while [ ! -e stopped/best.safetensors ]; do sleep 0.02; done; kill -TERM "
      "$pid; wait $pid",
      folder.path());
  ASSERT_TRUE(stopped.code == 130 || stopped.code == 0) << stopped.code << stopped.err;
  ASSERT_EQ(run({"train", "--resume", "stopped", "--workers", "1", "--threads", "1"}).code, 0);
  EXPECT_TRUE(same_weights("straight", "stopped"));
  EXPECT_EQ(metrics("straight"), metrics("stopped"));
}

/// Killed at moments spread over the whole run, then resumed until it ends: nothing is lost but the steps since the
/// last checkpoint, and the result is that of a run that was never killed.
TEST_F(Train, SurvivesBeingKilledAtAnyMoment) {
  ASSERT_EQ(run(request("straight")).code, 0);
  const auto result = run_shell(
      "set -e; start=$(date +%s%N); $VITRAL train -m fashion_resnet --data data -o timed --epochs 3 -b 4 --warmup 0 "
      "--workers 1 --threads 1 "
      "-q; span=$(( ($(date +%s%N) - start) / 1000000 )); i=0; while [ $i -lt 50 ]; do i=$((i+1)); "
      "if [ -e killed/state.safetensors ]; then set -- --resume killed; else set -- -m fashion_resnet --data data -o "
      "killed --epochs 3 -b 4 "
      "--warmup 0 -y; fi; $VITRAL train \"$@\" --workers 1 --threads 1 -q & pid=$!; "
      "sleep $(awk -v s=$span -v i=$i 'BEGIN { printf \"%.3f\", s / 1000 * (0.3 + 0.75 * ((i * 37) % 50) / 50) }'); "
      "kill -KILL $pid 2>/dev/null || true; wait $pid 2>/dev/null || true; "
      "if [ -e killed/last.safetensors ]; then $VITRAL weights show killed/last.safetensors >/dev/null || exit 9; fi; "
      "done",
      folder.path());
  ASSERT_EQ(result.code, 0) << result.err;
  ASSERT_EQ(run({"train", "--resume", "killed", "--workers", "1", "--threads", "1"}).code, 0);
  EXPECT_TRUE(same_weights("straight", "killed"));
  EXPECT_EQ(metrics("straight"), metrics("killed"));
}

TEST_F(Train, AFullDiskCostsNoEarlierCheckpoint) {
  if (std::string(VITRAL_FAULTY_FILES).empty())
    GTEST_SKIP() << "a sanitizer and a preloaded library do not go together";
  ASSERT_EQ(run(request("run", {"--max-steps", "6"})).code, 0);
  const auto last = slurp(folder / "run/last.safetensors");
  int failures = 0;
  for (const std::string kind : {"write", "fsync", "rename"}) {
    for (int number = 1; number <= 40; ++number) {
      run_shell("rm -rf again; cp -r run again", folder.path());
      const auto outcome =
          run_shell("LD_PRELOAD=" + beside_me(VITRAL_FAULTY_FILES) + " VITRAL_FAULT_FOLDER=$PWD/again VITRAL_FAULT=" + kind + ":" +
                        std::to_string(number) + " $VITRAL train --resume again --max-steps 7 --workers 1 --threads 1",
                    folder.path());
      if (outcome.code == 0) break;  // the run makes fewer calls than that
      ++failures;
      EXPECT_EQ(outcome.code, 1) << kind << number << outcome.err;
      for (const char* file : {"again/last.safetensors", "again/best.safetensors"}) {
        EXPECT_EQ(run({"weights", "show", file}).code, 0) << kind << number << " " << file;
      }
      const auto resumed = run({"train", "--resume", "again", "--max-steps", "7", "--workers", "1", "--threads", "1"});
      EXPECT_EQ(resumed.code, 0) << kind << number << resumed.err;
    }
  }
  EXPECT_GE(failures, 12);
  EXPECT_EQ(slurp(folder / "run/last.safetensors"), last);
}

TEST_F(Train, WrongRequestsAreRefusedInOneLine) {
  const auto refused = [&](const std::vector<std::string>& arguments, int code, const std::string& part) {
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(lines(outcome.err).back().rfind("vitral: error: ", 0), 0U) << outcome.err;
  };
  refused({"train", "--data", "data", "-o", "run"}, 2, "-m");
  refused({"train", "-m", "fashion_vit", "-o", "run"}, 2, "--data");
  refused({"train", "-m", "fashion_vit", "--data", "data"}, 2, "-o");
  refused(request("run", {"--recipe", "yolox"}), 2, "small");
  refused(request("run", {"--schedule", "linear"}), 2, "cosine");
  refused(request("run", {"--freeze", "nothing.*"}), 2, "nothing.*");
  refused(request("run", {"--distill", "hard"}), 2, "--teacher");
  refused({"train", "-m", "scenes_yolox", "--data", "data", "-o", "run"}, 2, "detector");
  refused({"train", "-m", "fashion_vit", "--data", "data", "-o", "run", "--task", "detect"}, 2, "--task");
  refused({"train", "-m", "fashion_vit", "--data", "nowhere", "-o", "run"}, 4, "nowhere");
  refused({"train", "-m", "fashion_vit", "--data", "data", "-o", "run", "--val", "test"}, 4, "test");
  refused({"train", "--resume", "nowhere"}, 4, "run.json");
  ASSERT_EQ(run(request("run", {"--max-steps", "1", "--val", "none"})).code, 0);
  refused(request("run"), 2, "--resume");
  spit(folder / "run/state.safetensors", "garbage");
  refused({"train", "--resume", "run"}, 3, "state.safetensors");
  spit(folder / "run/run.json", "{}");
  refused({"train", "--resume", "run"}, 4, "run.json");
}

TEST_F(Train, UnreadablePicturesAreNamedAndCounted) {
  spit(folder / "data/train/red/0.pnm", "P6\n16 16\n255\nshort");
  const auto outcome = run(request("run", {}, "1"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("red/0.pnm"), std::string::npos) << outcome.err;
  EXPECT_EQ(metrics("run")[0]["train"]["bad_pictures"], 1);
  EXPECT_EQ(run(request("strict", {"--strict"})).code, 4);
}

/// Two processes on this machine, as torchrun would start them.
class TrainTogether : public Train {
 protected:
  static constexpr const char* kTogether =
      "export WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=$((20000 + $$ % 10000)); "
      "start() { RANK=0 LOCAL_RANK=0 $VITRAL train \"$@\" 2>first & first=$!; "
      "RANK=1 LOCAL_RANK=1 $VITRAL train \"$@\" 2>second & second=$!; }; ";
  static constexpr const char* kRequest =
      "-m fashion_vit --data data -o run -b 4 --warmup 0 --workers 1 --threads 1 --drop-path 0.1 ";

  Outcome run_both(const std::string& commands) { return run_shell(kTogether + commands, folder.path()); }
  std::string said(const std::string& file) { return slurp(folder / file); }
  bool is_absent() { return said("first").find("needs a LibTorch with c10d") != std::string::npos; }
};

TEST_F(TrainTogether, TwoProcessesMakeOneRunThatCanGoOn) {
  const auto outcome = run_both(std::string("start ") + kRequest + "--epochs 2; wait $second || exit 9; wait $first");
  if (is_absent()) GTEST_SKIP() << said("first");
  ASSERT_EQ(outcome.code, 0) << said("first") << said("second");
  EXPECT_NE(said("first").find("2 processes"), std::string::npos) << said("first");
  EXPECT_EQ(said("second"), "");
  EXPECT_EQ(metrics("run").size(), 2U);
  EXPECT_EQ(metrics("run")[0]["train"]["pictures"], 24);
  const auto alone = run({"train", "--resume", "run", "--epochs", "3"});
  EXPECT_EQ(alone.code, 3);
  EXPECT_NE(alone.err.find("2 processes"), std::string::npos) << alone.err;
  const auto on =
      run_both("start --resume run --epochs 3 --workers 1 --threads 1; wait $second || exit 9; wait $first");
  EXPECT_EQ(on.code, 0) << said("first") << said("second");
  EXPECT_EQ(metrics("run").size(), 3U);
}

TEST_F(TrainTogether, AStoppedRunGoesOnBitForBit) {
  if (run_both(std::string("start ") + kRequest + "--epochs 3; wait $second || exit 9; wait $first").code != 0 &&
      is_absent())
    GTEST_SKIP() << said("first");
  const auto last = slurp(folder / "run/last.safetensors");
  // Only one of them hears the signal; both stop after the same step.
  const auto stopped =
      run_both(std::string("start ") + kRequest +
               "--epochs 3 -y; while [ ! -e run/best.safetensors -o run/best.safetensors -ot first ]; do "
               "sleep 0.02; done; kill -TERM $second; wait $second; "
               "code=$?; wait $first || code=$?; exit $code");
  ASSERT_TRUE(stopped.code == 130 || stopped.code == 0) << stopped.code << said("first") << said("second");
  const auto on = run_both("start --resume run --workers 1 --threads 1; wait $second || exit 9; wait $first");
  ASSERT_EQ(on.code, 0) << said("first") << said("second");
  EXPECT_TRUE(slurp(folder / "run/last.safetensors") == last);
}

TEST_F(TrainTogether, WhenOneIsKilledTheOtherEndsWithOneLine) {
  for (const std::string victim : {"second", "first"}) {
    const std::string other = victim == "first" ? "second" : "first";
    const auto outcome =
        run_both(std::string("rm -rf run; start ") + kRequest +
                 "--epochs 100000 -q; while [ ! -e run/best.safetensors ] && kill -0 $first; do sleep 0.05; done; "
                 "kill -KILL $" +
                 victim + "; wait $" + other);
    if (is_absent()) GTEST_SKIP() << said("first");
    EXPECT_EQ(outcome.code, 1) << said(other);
    const auto told = lines(said(other));
    ASSERT_EQ(told.size(), 1U) << said(other);
    EXPECT_NE(told[0].find("another process of this run has ended"), std::string::npos) << told[0];
  }
}

TEST_F(TrainTogether, NumbersThatMakeNoSenseAreRefused) {
  const auto outcome = run_shell(std::string("WORLD_SIZE=2 RANK=2 $VITRAL train ") + kRequest, folder.path());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("RANK"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace vitral::test
