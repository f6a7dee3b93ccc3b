# Every forbidden include must be reported, every allowed one must pass.
include(${CMAKE_CURRENT_LIST_DIR}/support.cmake)

set(forbidden
  "common/core/a.h|<torch/types.h>"
  "common/core/a.cpp|<opencv2/core.hpp>"
  "common/core/b.h|\"common/nn/mlp.h\""
  "common/kernels/a.cpp|<ATen/Tensor.h>"
  "common/kernels/b.cpp|<opencv2/core.hpp>"
  "common/kernels/c.cpp|\"vit/vit.h\""
  "common/kernels/d.cu|<c10/cuda/CUDAStream.h>"
  "common/kernels/cuda/e.cpp|<cuda_runtime_api.h>"
  "common/nn/e.cpp|<cuda_runtime.h>"
  "common/nn/a.cpp|<opencv2/core.hpp>"
  "common/nn/b.cpp|\"detr/detr.h\""
  "common/nn/c.cpp|\"common/weights/checkpoint.h\""
  "common/nn/d.cu|<torch/types.h>"
  "common/weights/zip.cpp|<torch/types.h>"
  "common/weights/a.cpp|<opencv2/core.hpp>"
  "common/weights/b.cpp|\"swin/swin.h\""
  "common/image/decode.cpp|<torch/types.h>"
  "common/image/a.cpp|<opencv2/highgui.hpp>"
  "common/image/b.cpp|\"cnn/resnet.h\""
  "common/runtime/a.cpp|\"vit/vit.h\""
  "common/runtime/b.cpp|<opencv2/core.hpp>"
  "vit/a.cpp|\"swin/swin.h\""
  "vit/b.cpp|\"common/image/decode.h\""
  "swin/a.cpp|<opencv2/core.hpp>"
  "cnn/a.cpp|\"vit/vit.h\""
  "detr/a.cpp|\"cnn/resnet.h\""
  "datasets/a.cpp|\"vit/vit.h\""
  "datasets/b.cpp|\"train/loop.h\""
  "train/a.cpp|\"cnn/resnet.h\""
  "video/a.cpp|\"detr/detr.h\""
  "export/a.cpp|\"vit/vit.h\""
  "common/core/c.cpp|\"apps/command.h\""
  "common/runtime/c.cpp|\"common/download/download.h\""
  "common/download/a.cpp|<torch/types.h>"
  "common/download/b.cpp|\"common/weights/checkpoint.h\""
  "common/core/d.cpp|<curl/curl.h>"
  "apps/b.cpp|<curl/curl.h>"
  "apps/c.cpp|<httplib.h>"
  "video/c.cpp|<httplib.h>"
  "common/http/a.cpp|<torch/types.h>"
  "common/runtime/d.cpp|\"common/http/server.h\""
  "vit/c.cpp|\"apps/command.h\""
  "video/b.cpp|\"bench/table.h\""
  "vit/d.cpp|\"vit.h\""
  "vit/e.cpp|\"../swin/swin.h\"")

set(allowed
  "common/core/a.cpp|<nlohmann/json.hpp>"
  "common/core/b.cpp|\"common/core/text.h\""
  "common/kernels/a.cpp|<hwy/highway.h>"
  "common/kernels/cuda/a.cu|<cuda_runtime_api.h>"
  "common/nn/a.cpp|\"common/kernels/attention.h\""
  "common/nn/b.cpp|<torch/nn/module.h>"
  "common/weights/state_dict.cpp|<ATen/core/Tensor.h>"
  "common/image/a.cpp|<opencv2/imgproc.hpp>"
  "common/image/tensor.cpp|<torch/types.h>"
  "common/runtime/a.cpp|\"common/image/decode.h\""
  "detr/a.cpp|\"common/nn/transformer.h\""
  "train/a.cpp|\"datasets/loader.h\""
  "export/a.cpp|\"common/runtime/loader.h\""
  "video/a.cpp|<opencv2/videoio.hpp>"
  "common/download/a.cpp|<curl/curl.h>"
  "apps/b.cpp|\"common/download/download.h\""
  "common/http/a.cpp|<httplib.h>"
  "video/b.cpp|\"common/http/server.h\""
  "apps/c.cpp|\"common/http/server.h\""
  "apps/a.cpp|\"swin/swin.h\"")

function(plant root cases)
  file(REMOVE_RECURSE "${root}")
  foreach(case IN LISTS cases)
    string(REPLACE "|" ";" case "${case}")
    list(GET case 0 file)
    list(GET case 1 header)
    file(WRITE "${root}/${file}" "#pragma once\n  # include ${header}  // why\n")
  endforeach()
endfunction()

plant("${SCRATCH}/bad" "${forbidden}")
run_check("${SCRATCH}/bad")
if(passed)
  message(FATAL_ERROR "a tree of forbidden includes passed")
endif()
foreach(case IN LISTS forbidden)
  string(REGEX REPLACE "^([^|]*)\\|.(.*).$" "\\1 includes \\2:" report "${case}")
  string(FIND "${output}" "${report}" found)
  if(found EQUAL -1)
    message(SEND_ERROR "not reported: ${case}")
  endif()
endforeach()

plant("${SCRATCH}/good" "${allowed}")
run_check("${SCRATCH}/good")
if(NOT passed)
  message(SEND_ERROR "a tree in order was refused: ${output}")
endif()

file(REMOVE_RECURSE "${SCRATCH}/empty")
file(MAKE_DIRECTORY "${SCRATCH}/empty")
run_check("${SCRATCH}/empty")
if(passed)
  message(SEND_ERROR "a tree without sources passed")
endif()
