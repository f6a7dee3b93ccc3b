#include "apps/explain_run.h"

#include "apps/output_folder.h"

namespace vitral::apps {
namespace {

constexpr const char* kPage = "index.html";
constexpr const char* kRaw = "attention.safetensors";

}  // namespace

ExplainFolder::ExplainFolder(const OutputFlags& output) : folder_(output.output), overwrite_(output.overwrite) {
  claim_folder(folder_, {kPage, kRaw, "overlay.png", "overlay_0.png"}, overwrite_);
}

void ExplainFolder::write(const std::string& name, std::span<const std::byte> bytes) {
  AtomicFile file(folder_ / name, overwrite_);
  file.write(bytes);
  file.commit();
  files_.push_back((folder_ / name).string());
}

void ExplainFolder::write_page(const std::string& html) {
  write(kPage, std::as_bytes(std::span(html)));
}

void ExplainFolder::write_raw(const weights::StateDict& state, const std::string& model, ExplainMethod method) {
  weights::save(folder_ / kRaw, state, {{"model", model}, {"method", std::string(to_string(method))}}, overwrite_);
  files_.push_back((folder_ / kRaw).string());
}

}  // namespace vitral::apps
