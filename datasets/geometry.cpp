#include "datasets/geometry.h"

#include <algorithm>

#include "common/core/error.h"

namespace vitral {
namespace {

void set_box(Object& object, const Box& box) {
  const double before = object.box.area();
  object.area = before > 0 ? object.area * (box.area() / before) : 0.0;
  object.box = box;
}

}  // namespace

void clip_objects(Sample& sample) {
  const double width = sample.width, height = sample.height;
  for (auto& object : sample.objects) {
    Box box = object.box;
    box.xmin = std::clamp(box.xmin, 0.0, width), box.xmax = std::clamp(box.xmax, 0.0, width);
    box.ymin = std::clamp(box.ymin, 0.0, height), box.ymax = std::clamp(box.ymax, 0.0, height);
    if (box != object.box) set_box(object, box);
  }
  std::erase_if(sample.objects,
                [](const Object& object) { return !(object.box.width() > 0 && object.box.height() > 0); });
}

void move_objects(Sample& sample, double scale_x, double scale_y, double shift_x, double shift_y) {
  for (auto& object : sample.objects) {
    const Box& box = object.box;
    set_box(object, {box.xmin * scale_x + shift_x, box.ymin * scale_y + shift_y, box.xmax * scale_x + shift_x,
                     box.ymax * scale_y + shift_y});
  }
}

Affine inverse(const Affine& m) {
  const double determinant = m[0] * m[4] - m[1] * m[3];
  if (determinant == 0) throw Error(ErrorKind::failed, "transform", "flattens the picture, it has no way back");
  const double a = m[4] / determinant, b = -m[1] / determinant, d = -m[3] / determinant, e = m[0] / determinant;
  return {a, b, -(a * m[2] + b * m[5]), d, e, -(d * m[2] + e * m[5])};
}

void move_objects(Sample& sample, const Affine& m) {
  for (auto& object : sample.objects) {
    const Box& box = object.box;
    const double xs[] = {box.xmin, box.xmax, box.xmin, box.xmax}, ys[] = {box.ymin, box.ymin, box.ymax, box.ymax};
    double x[4], y[4];
    for (int i = 0; i < 4; ++i) {
      x[i] = m[0] * xs[i] + m[1] * ys[i] + m[2];
      y[i] = m[3] * xs[i] + m[4] * ys[i] + m[5];
    }
    const auto [left, right] = std::minmax_element(x, x + 4);
    const auto [top, bottom] = std::minmax_element(y, y + 4);
    set_box(object, {*left, *top, *right, *bottom});
  }
}

}  // namespace vitral
