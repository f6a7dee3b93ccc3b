// The program of a decoder's process: the real one, or one that misbehaves as its argument says.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmath>
#include <string>
#include <vector>

#include "video/live/decoder_wire.h"
#include "video/live/isolated_source.h"

namespace {

using namespace vitral::video;
using wire::Answer, wire::Reply;

constexpr int kSocket = 0, kSide = 32;

bool never() {
  return false;
}

template <class Message>
bool hear(Message& message) {
  return wire::receive(kSocket, wire::bytes_of(message), never) == wire::Outcome::done;
}

void say(Reply reply) {
  wire::send(kSocket, wire::bytes_of(reply), never);
}

void say_pixels(std::size_t count) {
  const std::vector<std::byte> pixels(count, std::byte{90});
  wire::send(kSocket, pixels, never);
}

[[noreturn]] void hang() {
  while (true) ::pause();
}

[[noreturn]] void crash() {
  ::signal(SIGSEGV, SIG_DFL);
  ::raise(SIGSEGV);
  ::_exit(1);
}

Reply good_frame() {
  Reply reply;
  reply.answer = Answer::frame;
  reply.width = reply.height = kSide;
  reply.rate_num = 25;
  return reply;
}

/// Answers the request with this number, from 0.
void answer(const std::string& mode, int number) {
  constexpr std::size_t kPixels = kSide * kSide * 3;
  Reply reply = good_frame();
  if (mode == "frames" && number == 3) crash();
  if (mode == "half" || mode == "stall") {
    say(reply);
    say_pixels(kPixels / 2);
    if (mode == "stall") hang();
    ::_exit(3);
  }
  if (mode == "huge") reply.width = reply.height = 1u << 20;
  if (mode == "wrap") reply.width = reply.height = 0xffffffff;
  if (mode == "line") reply.width = 0x7fffffff, reply.height = 1;
  if (mode == "empty") reply.width = 0;
  if (mode == "rate") reply.rate_num = 0, reply.rate_den = 0;
  if (mode == "negative") reply.rate_num = -25;
  if (mode == "magic") reply.magic = 7;
  if (mode == "answer") reply.answer = static_cast<Answer>(77);
  if (mode == "opened") reply = {}, reply.answer = Answer::opened;
  if (mode == "text") reply = {}, reply.text_bytes = 0xffffffff;
  if (mode == "nan") reply.has_own_ms = 1, reply.own_ms = std::nan("");
  if (mode == "infinite") reply.has_own_ms = 1, reply.own_ms = -HUGE_VAL;
  if (mode == "no time") reply.own_ms = std::nan("");
  say(reply);
  say_pixels(kPixels);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string mode = count > 1 ? arguments[1] : "real";
  if (mode == "real") return decode_for_parent(kSocket);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);  // crashes are meant, their core files are not
  wire::Hello hello;
  hear(hello);
  std::string address(hello.address_bytes, '\0');
  wire::receive(kSocket, std::as_writable_bytes(std::span(address)), never);
  if (mode == "crash") crash();
  if (mode == "silent") hang();
  if (mode == "noise") {
    say_pixels(1'000);
    hang();
  }
  Reply opened;
  opened.answer = Answer::opened;
  say(opened);
  wire::Request request;
  for (int number = 0; hear(request); ++number) answer(mode, number);
  return 0;
}
