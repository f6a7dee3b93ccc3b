// vitral detect: what is where in pictures and videos.
#include "apps/command.h"
#include "apps/detect_run.h"
#include "apps/interrupt.h"

namespace vitral::apps {

void add_detect(CLI::App& root, Context& context) {
  auto flags = std::make_shared<DetectFlags>();
  auto* app = root.add_subcommand("detect", "find objects in pictures and videos");
  flags->add(*app);
  app->footer(
      "Example:\n  vitral detect -m detr_resnet50 -w detr-r50-e632da11.pth photos/ -o annotated --json found.jsonl\n"
      "  vitral detect -m yolox_s -w yolox_s.pth street.mp4 --conf 0.4,person=0.3 --classes person,car -o "
      "street_boxes.mp4");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->check();
      catch_interrupts();
      return DetectRun(*flags, nullptr, context.console).run();
    };
  });
}

}  // namespace vitral::apps
