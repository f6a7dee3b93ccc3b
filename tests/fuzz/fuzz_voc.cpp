// Any text as a Pascal VOC annotation: boxes that are boxes, or an Error(input).
#include <cstdlib>

#include "common/core/error.h"
#include "datasets/formats/voc.h"
#include "tests/fuzz/corpus.h"

std::vector<std::string> seeds() {
  return {
      "<annotation><filename>a.jpg</filename><size><width>50</width><height>40</height></size><object><name>dog</name>"
      "<difficult>1</difficult><bndbox><xmin>1</xmin><ymin>2.5</ymin><xmax>30</xmax><ymax>9</ymax></bndbox></object>"
      "</annotation>",
      "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><annotation><object><name>&b;&#65;<![CDATA[x]]></name>"
      "</object></annotation>"};
}

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  try {
    for (const auto& object : vitral::parse_voc({data, size}, "fuzz").objects) {
      if (object.name.empty() || !(object.box.width() >= 0) || !(object.box.height() >= 0)) std::abort();
    }
  } catch (const vitral::Error& error) {
    if (error.kind() != vitral::ErrorKind::input) std::abort();
  }
  return 0;
}
