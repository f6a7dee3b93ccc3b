/// What the program asks of the module that plays GStreamer pipelines. It is loaded only for these: OpenCV's videoio
/// brings GStreamer along, which no other run should pay for.
#pragma once

#include <cstdint>

namespace vitral::video {

constexpr const char* kPipelineModule = "vitral_pipeline.so";
constexpr const char* kPipelineFunctions = "vitral_pipeline_functions";

/// Plain functions, none of which throws.
struct PipelineFunctions {
  /// Null where OpenCV has GStreamer and GStreamer understands the description; else why not, a text that lives until
  /// the thread's next call. `*available` tells the two apart.
  const char* (*refusal)(const char* description, bool* available);
  /// A pipeline that plays; null where it does not begin to.
  void* (*open)(const char* description);
  void (*close)(void* pipeline);
  /// Waits for the next picture. False: the pipeline has ended or failed.
  bool (*next)(void* pipeline);
  /// The size of the present picture, and its RGB pixels [height, width, 3] into `rgb`, when that is not null.
  void (*picture)(void* pipeline, int* width, int* height, std::uint8_t* rgb);
  /// Frames a second as the pipeline says; 0: not known.
  double (*rate)(void* pipeline);
};

}  // namespace vitral::video
