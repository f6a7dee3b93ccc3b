#include "apps/eval_tracks.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "apps/eval_report.h"
#include "apps/json_sink.h"
#include "apps/records.h"
#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;

struct Sequence {
  std::string name;
  fs::path truth, results;
  std::int64_t frames = 0;  ///< 0: not known
};

MotRules rules_of(const std::string& name) {
  return name == "mot17" ? MotRules::mot17 : name == "mot20" ? MotRules::mot20 : MotRules::all;
}

/// The seqLength of a MOTChallenge sequence; 0 without a seqinfo.ini.
std::int64_t length_of(const fs::path& info) {
  if (!fs::exists(info)) return 0;
  constexpr std::string_view kKey = "seqLength=";
  const std::string text = read_file(info, ErrorKind::input, 1u << 20);
  std::int64_t frames = 0;
  if (const auto at = text.find(kKey); at != std::string::npos) {
    const char* const begin = text.data() + at + kKey.size();
    std::from_chars(begin, text.data() + text.size(), frames);
  }
  if (frames >= 1 && frames <= kLastMotFrame) return frames;
  throw Error(ErrorKind::input, printable(info.string()),
              "has no seqLength from 1 to " + std::to_string(kLastMotFrame));
}

std::vector<Sequence> sequences_in(const fs::path& truth, const fs::path& results) {
  std::vector<Sequence> sequences;
  std::error_code error;
  for (fs::directory_iterator it(truth, error), end; !error && it != end; it.increment(error)) {
    const fs::path inner = it->path() / "gt" / "gt.txt";
    if (fs::exists(inner)) {
      sequences.push_back({it->path().filename().string(), inner, {}, length_of(it->path() / "seqinfo.ini")});
    } else if (it->path().extension() == ".txt" && it->is_regular_file()) {
      sequences.push_back({it->path().stem().string(), it->path(), {}});
    }
  }
  if (error) throw Error(ErrorKind::input, printable(truth.string()), "can't be listed: " + error.message());
  if (sequences.empty())
    throw Error(ErrorKind::input, printable(truth.string()), "holds no ground truth (NAME/gt/gt.txt or NAME.txt)");
  std::sort(sequences.begin(), sequences.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (auto& sequence : sequences) sequence.results = results / (sequence.name + ".txt");
  return sequences;
}

std::vector<Sequence> sequences_of(const EvalTracksFlags& flags) {
  if (fs::is_directory(flags.truth) != fs::is_directory(flags.results))
    throw Error(ErrorKind::usage, "eval", "--gt and --dt have to be both files or both folders");
  if (fs::is_directory(flags.truth)) return sequences_in(flags.truth, flags.results);
  return {{fs::path(flags.results).stem().string(), flags.truth, flags.results}};
}

TrackingScores scores_of(const Sequence& sequence, MotRules rules) {
  const auto truth = read_mot(sequence.truth, MotContent::tracks);
  const auto results = read_mot(sequence.results, MotContent::tracks);
  const auto paired = pair_up(truth, results, sequence.frames, rules, printable(sequence.results.string(), 1'000));
  return {HotaMetrics(paired), ClearMetrics(paired), IdentityMetrics(paired)};
}

std::string row(const std::string& name, const nlohmann::ordered_json& stats) {
  char line[160];
  const auto share = [&](const char* key) { return 100 * stats.at(key).get<double>(); };
  std::snprintf(line, sizeof line, "%7.3f %7.3f %7.3f %7.3f %7.3f %7.3f %7zu %7zu %7zu  ", share("HOTA"), share("DetA"),
                share("AssA"), share("MOTA"), share("MOTP"), share("IDF1"), stats.at("CLR_FP").get<std::size_t>(),
                stats.at("CLR_FN").get<std::size_t>(), stats.at("IDSW").get<std::size_t>());
  return line + printable(name, 100) + "\n";
}

std::map<std::string, double> gate_values(const nlohmann::ordered_json& stats) {
  std::map<std::string, double> values;
  for (const auto& [name, value] : stats.items()) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    values[lower] = value.get<double>();
  }
  return values;
}

std::vector<std::string> gate_names() {
  std::vector<std::string> names{"hota"};  // the first is the example in messages
  for (const auto& [name, value] : gate_values(TrackingScores().json())) names.push_back(name);
  return names;
}

}  // namespace

TrackingScores& TrackingScores::operator+=(const TrackingScores& other) {
  hota += other.hota;
  clear += other.clear;
  identity += other.identity;
  return *this;
}

nlohmann::ordered_json TrackingScores::json() const {
  return {{"HOTA", mean(hota.hota())},
          {"DetA", mean(hota.detection())},
          {"AssA", mean(hota.association())},
          {"DetRe", mean(hota.detection_recall())},
          {"DetPr", mean(hota.detection_precision())},
          {"AssRe", mean(hota.association_recall())},
          {"AssPr", mean(hota.association_precision())},
          {"LocA", mean(hota.localisation())},
          {"MOTA", clear.mota()},
          {"MOTP", clear.motp()},
          {"CLR_Re", clear.recall()},
          {"CLR_Pr", clear.precision()},
          {"CLR_TP", clear.true_positives},
          {"CLR_FN", clear.false_negatives},
          {"CLR_FP", clear.false_positives},
          {"IDSW", clear.id_switches},
          {"Frag", clear.fragmentations},
          {"MT", clear.mostly_tracked},
          {"PT", clear.partly_tracked},
          {"ML", clear.mostly_lost},
          {"IDF1", identity.idf1()},
          {"IDR", identity.recall()},
          {"IDP", identity.precision()},
          {"IDTP", identity.true_positives},
          {"IDFN", identity.false_negatives},
          {"IDFP", identity.false_positives}};
}

int eval_tracks(const EvalTracksFlags& flags, const OutputFlags& output, Console& console) {
  const auto gates = parse_gates(flags.gates, gate_names());
  for (const auto& input : {flags.truth, flags.results}) refuse_same_file(output.json, input);
  JsonSink json(console, output.json, output.overwrite);
  TrackingScores together;
  std::string table = "   HOTA    DetA    AssA    MOTA    MOTP    IDF1      FP      FN    IDSW  sequence\n";
  auto per_sequence = nlohmann::ordered_json::array();
  for (const auto& sequence : sequences_of(flags)) {
    const auto scores = scores_of(sequence, rules_of(flags.rules));
    const auto stats = scores.json();
    table += row(sequence.name, stats);
    per_sequence.push_back({{"name", sequence.name}, {"stats", stats}});
    together += scores;
  }
  const auto stats = together.json();
  if (per_sequence.size() > 1) table += row("all", stats);
  if (json) {
    json.write(json_line(
        {{"schema", "vitral.eval/1"}, {"task", "track"}, {"stats", stats}, {"sequences", std::move(per_sequence)}}));
  }
  json.finish();
  if (!output.json_on_stdout()) console.result(table);
  check_gates(gates, gate_values(stats));
  return 0;
}

}  // namespace vitral::apps
