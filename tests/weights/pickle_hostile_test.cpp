#include <gtest/gtest.h>

#include "tests/weights/hostile.h"

namespace vitral::weights::build {
namespace {

TEST(PickleHostile, EveryOpcodeOnAnEmptyStack) {
  // Whatever takes something from the stack finds nothing there.
  struct Opcode {
    const char* name;
    Bytes bytes;
    Fault fault;
  };
  const std::vector<Opcode> opcodes = {
      {"POP", "0", Fault::pickle_stack},
      {"POP_MARK", "1", Fault::pickle_stack},
      {"DUP", "2", Fault::pickle_stack},
      {"BINPERSID", "Q", Fault::pickle_stack},
      {"REDUCE", "R", Fault::pickle_stack},
      {"APPEND", "a", Fault::pickle_stack},
      {"APPENDS", "e", Fault::pickle_stack},
      {"BUILD", "b", Fault::pickle_stack},
      {"DICT", "d", Fault::pickle_stack},
      {"LIST", "l", Fault::pickle_stack},
      {"TUPLE", "t", Fault::pickle_stack},
      {"TUPLE1", "\x85", Fault::pickle_stack},
      {"TUPLE2", "\x86", Fault::pickle_stack},
      {"TUPLE3", "\x87", Fault::pickle_stack},
      {"SETITEM", "s", Fault::pickle_stack},
      {"SETITEMS", "u", Fault::pickle_stack},
      {"NEWOBJ", "\x81", Fault::pickle_stack},
      {"NEWOBJ_EX", "\x92", Fault::pickle_stack},
      {"STACK_GLOBAL", "\x93", Fault::pickle_stack},
      {"MEMOIZE", "\x94", Fault::pickle_stack},
      {"ADDITEMS", "\x90", Fault::pickle_stack},
      {"FROZENSET", "\x91", Fault::pickle_stack},
      {"BINPUT", Bytes("q\0", 2), Fault::pickle_stack},
      {"LONG_BINPUT", Bytes("r\0\0\0\0", 5), Fault::pickle_stack},
      {"BINGET", Bytes("h\0", 2), Fault::pickle_memo},
      {"LONG_BINGET", Bytes("j\0\0\0\0", 5), Fault::pickle_memo},
      {"STOP", "", Fault::pickle_stack},
  };
  std::vector<Case> cases;
  for (const auto& opcode : opcodes) cases.push_back({opcode.name, ops(opcode.bytes), opcode.fault});
  // Opcodes of protocols 0 and 1, and those that no data needs.
  for (const char* text : {"I1\n", "L1L\n", "F1.0\n", "S'a'\n", "Va\n", "Px\n", "g0\n", "p0\n", "i__main__\nA\n", "(o",
                           "\x82\x01", "\x83\x01\x02", "\x84\x01\x02\x03\x04", "\x97", "\x98", "\xFF", "\x01", "Z"}) {
    cases.push_back({"opcode of " + Bytes(text), ops(text), Fault::pickle_opcode});
  }
  cases.push_back({"NUL opcode", ops(Bytes(1, '\0')), Fault::pickle_opcode});
  expect_faults(cases);
}

TEST(PickleHostile, StreamsThatCrashedOtherMachines) {
  // Four to six bytes each; torch::jit::unpickle of LibTorch 1.13 died of them.
  expect_faults({
      {"BUILD",
       raw("\x80\x02"
           "b."),
       Fault::pickle_stack},
      {"REDUCE", raw("\x80\x02R."), Fault::pickle_stack},
      {"TUPLE2", raw("\x80\x02\x86."), Fault::pickle_stack},
      {"TUPLE3 with one value", raw("\x80\x02K\x01\x87."), Fault::pickle_stack},
      {"LONG_BINPUT of 2^32 - 1", raw("\x80\x02Nr\xFF\xFF\xFF\xFF."), Fault::pickle_memo},
      {"odd SETITEMS", raw("\x80\x02}(K\x01u."), Fault::pickle_stack},
      {"SETITEMS on a number", raw("\x80\x02K\x01(K\x01K\x02u."), Fault::pickle_type},
      {"SETITEM on a list", raw("\x80\x02]K\x01K\x02s."), Fault::pickle_type},
  });
}

TEST(PickleHostile, Structure) {
  expect_faults({
      {"empty", raw(""), Fault::truncated},
      {"protocol only", raw("\x80\x02"), Fault::truncated},
      {"protocol cut", raw("\x80"), Fault::truncated},
      {"STOP at once", raw("\x80\x02."), Fault::pickle_stack},
      {"no STOP", raw("\x80\x02}"), Fault::truncated},
      {"two values at STOP", ops("}}"), Fault::pickle_stack},
      {"unclosed MARK", ops("}("), Fault::pickle_stack},
      {"text protocol", raw("(dp0\n."), Fault::pickle_opcode},
      {"protocol 0", raw(pickle("}", 0)), Fault::pickle_opcode},
      {"protocol 1", raw(pickle("}", 1)), Fault::pickle_opcode},
      {"protocol 6", raw(pickle("}", 6)), Fault::pickle_opcode},
      {"protocol 255", raw(pickle("}", 255)), Fault::pickle_opcode},
      {"protocol 3", raw(pickle(dict({{text("w"), pair_tensor()}}), 3)), std::nullopt},
      {"protocol 4", raw(pickle(dict({{text("w"), pair_tensor()}}), 4)), std::nullopt},
      {"protocol 5", raw(pickle(dict({{text("w"), pair_tensor()}}), 5)), std::nullopt},
      {"bytes behind STOP", raw(pickle(dict({{text("w"), pair_tensor()}})) + "garbage"), std::nullopt},
      {"frame past the end", ops("\x95" + u64(1'000) + "}"), Fault::truncated},
      {"frame of 2^64 - 1", ops("\x95" + u64(UINT64_MAX) + "}"), Fault::truncated},
      {"frame cut", raw("\x80\x04\x95\x01"), Fault::truncated},
      {"values below a MARK", ops("}(K\x01K\x02K\x03\x87R"), Fault::pickle_stack},
      {"TUPLE2 reaches below its MARK", ops("}K\x01(K\x02\x86"), Fault::pickle_stack},
  });
}

TEST(PickleHostile, Lengths) {
  expect_faults({
      {"BINUNICODE of 4 GB", ops("X" + u32(UINT32_MAX)), Fault::truncated},
      {"BINUNICODE8 of 2^64 - 1", ops("\x8D" + u64(UINT64_MAX)), Fault::truncated},
      {"BINBYTES8 of 2^63", ops("\x8E" + u64(1ull << 63)), Fault::truncated},
      {"BYTEARRAY8 of 2^40", ops("\x96" + u64(1ull << 40)), Fault::truncated},
      {"BINSTRING of -1", ops("T" + u32(UINT32_MAX)), Fault::truncated},
      {"SHORT_BINSTRING cut",
       ops("U\x7F"
           "ab"),
       Fault::truncated},
      {"LONG1 of 255 bytes", ops("\x8A\xFF" + Bytes(255, '\1')), Fault::limit},
      {"LONG1 of 17 bytes", ops("\x8A\x11" + Bytes(17, '\1')), Fault::limit},
      {"LONG1 of 16 bytes", beside("\x8A\x10" + Bytes(16, '\1')), std::nullopt},
      {"LONG1 of no bytes", beside("\x8A" + Bytes(1, '\0')), std::nullopt},
      {"LONG4 of 2^31", ops("\x8B" + u32(1u << 31)), Fault::limit},
      {"BININT cut", raw("\x80\x02J\x01"), Fault::truncated},
      {"BINFLOAT cut", raw("\x80\x02G\x01"), Fault::truncated},
      {"GLOBAL without an end", ops("c" + repeat("a", 5'000)), Fault::pickle_global},
      {"GLOBAL without a second line",
       raw("\x80\x02"
           "cos\nsystem"),
       Fault::pickle_global},
  });
}

TEST(PickleHostile, MemoAndDepth) {
  expect_faults({
      {"unset BINGET", beside("h\x05"), Fault::pickle_memo},
      {"unset LONG_BINGET", beside("j" + u32(1'000'000)), Fault::pickle_memo},
      {"gap in the memo", beside("Nq\x09h\x08"), Fault::pickle_memo},
      {"BINPUT overwrites", beside("(Nq\x01K\x01q\x01h\x01t"), std::nullopt},
      {"MARK nested 10^6", ops(repeat("(", 1'000'000)), Fault::limit},
      {"tuples nested 10^6", ops(")" + repeat("\x85", 1'000'000)), Fault::limit},
      {"tuples nested 60", beside(")" + repeat("\x85", 60)), std::nullopt},
      {"lists nested 10^6", ops(repeat("]", 1'000'000) + repeat("a", 999'999)), Fault::limit},
      {"dicts nested 100", ops(repeat("}N", 100) + "}" + repeat("s", 100)), Fault::limit},
      {"doubling by DUP", beside("]" + repeat("2\x86", 50)), std::nullopt},
      {"doubling by GET",
       beside("]q\x01"
              "0" +
              repeat("h\x01h\x01\x86q\x01"
                     "0",
                     50) +
              "h\x01"),
       std::nullopt},
      {"five million values", ops(repeat("N0", 5'000'000)), Fault::limit},
      {"five million references", ops("N" + repeat("20", 5'000'000)), Fault::limit},
      {"a list in itself",
       beside("]q\x01h\x01"
              "a"),
       std::nullopt},
      {"a dict in itself", ops("}q\x01K\x01h\x01s"), Fault::no_tensors},
      {"a state dict in itself", ops("}q\x01" + text("model") + "h\x01s" + text("w") + pair_tensor() + "s"),
       std::nullopt},
  });
}

TEST(PickleHostile, WrongTypes) {
  const Op od = global("collections", "OrderedDict");
  expect_faults({
      {"SETITEM on a tuple", beside(")K\x01K\x02s"), Fault::pickle_type},
      {"SETITEM on a tensor", beside(pair_tensor() + "K\x01K\x02s"), Fault::pickle_type},
      {"SETITEM on a name", beside(od + "K\x01K\x02s"), Fault::pickle_type},
      {"odd SETITEMS", beside("}(K\x01K\x02K\x03u"), Fault::pickle_stack},
      {"odd DICT",
       beside("(K\x01"
              "d"),
       Fault::pickle_stack},
      {"APPEND on a dict",
       beside("}K\x01"
              "a"),
       Fault::pickle_type},
      {"APPENDS on a tuple",
       beside(")(K\x01"
              "e"),
       Fault::pickle_type},
      {"APPEND on a string",
       beside(text("s") + "K\x01"
                          "a"),
       Fault::pickle_type},
      {"REDUCE of a number", beside("K\x01)R"), Fault::pickle_type},
      {"REDUCE of a dict", beside("})R"), Fault::pickle_type},
      {"REDUCE without a tuple", beside(od + "]R"), Fault::pickle_type},
      {"REDUCE of an instance", beside(object(global("m", "C")) + ")R"), Fault::pickle_type},
      {"NEWOBJ of a number", beside("K\x01)\x81"), Fault::pickle_type},
      {"NEWOBJ without a tuple", beside(od + "N\x81"), Fault::pickle_type},
      {"NEWOBJ_EX without a dict", beside(od + ")N\x92"), Fault::pickle_type},
      {"NEWOBJ of a rebuild function", beside(global("torch._utils", "_rebuild_tensor_v2") + ")\x81"),
       Fault::pickle_type},
      {"BUILD on a tensor", beside(pair_tensor() + "}b"), Fault::pickle_type},
      {"BUILD on a list", beside("]}b"), Fault::pickle_type},
      {"BUILD on a name", beside(od + "}b"), Fault::pickle_type},
      {"BUILD on a storage", beside(storage("FloatStorage", "0", 2) + "}b"), Fault::pickle_type},
      {"STACK_GLOBAL of numbers", beside("K\x01K\x02\x93"), Fault::pickle_type},
      {"OrderedDict of a number", beside(reduce(od, tuple({integer(3)}))), Fault::pickle_type},
      {"OrderedDict of triples", beside(reduce(od, tuple({list({sizes({1, 2, 3})})}))), Fault::pickle_type},
      {"OrderedDict of three arguments", beside(reduce(od, sizes({1, 2, 3}))), Fault::pickle_type},
      {"OrderedDict of pairs", ops(reduce(od, tuple({list({list({text("w"), pair_tensor()})})}))), std::nullopt},
      {"torch.Size of a list", beside(reduce(global("torch", "Size"), tuple({list({})}))), Fault::pickle_type},
  });
}

TEST(PickleHostile, NamesOutsideOfTheList) {
  // Each as a bare value: naming it is enough. The shapes are those of published attacks on scanners and loaders.
  const std::pair<const char*, const char*> refused[] = {
      {"os", "system"},
      {"posix", "system"},
      {"nt", "system"},
      {"sys", "exit"},
      {"subprocess", "Popen"},
      {"subprocess", "check_output"},
      {"builtins", "eval"},
      {"builtins", "exec"},
      {"builtins", "getattr"},
      {"builtins", "__import__"},
      {"builtins", "compile"},
      {"builtins", "open"},
      {"builtins", "breakpoint"},
      {"__builtin__", "eval"},
      {"__builtin__", "apply"},
      {"runpy", "run_path"},
      {"importlib", "import_module"},
      {"ctypes", "CDLL"},
      {"pty", "spawn"},
      {"shutil", "rmtree"},
      {"socket", "create_connection"},
      {"webbrowser", "open"},
      {"urllib.request", "urlopen"},
      {"http.client", "HTTPSConnection"},
      {"smtplib", "SMTP"},
      {"code", "InteractiveInterpreter"},
      {"bdb", "Bdb"},
      {"pdb", "run"},
      {"profile", "run"},
      {"cProfile", "runctx"},
      {"timeit", "timeit"},
      {"trace", "Trace"},
      {"doctest", "debug_script"},
      {"pydoc", "locate"},
      {"pydoc", "pipepager"},
      {"idlelib.pyshell", "ModifiedInterpreter"},
      {"lib2to3.pgen2.grammar", "Grammar"},
      {"ensurepip", "_run_pip"},
      {"pip", "main"},
      {"asyncio.unix_events", "_UnixSubprocessTransport"},
      {"functools", "partial"},
      {"operator", "attrgetter"},
      {"operator", "methodcaller"},
      {"pickle", "loads"},
      {"marshal", "loads"},
      {"types", "FunctionType"},
      {"types", "CodeType"},
      {"copyreg", "add_extension"},
      {"_io", "FileIO"},
      {"_posixsubprocess", "fork_exec"},
      {"_pickle", "Unpickler"},
      {"tempfile", "mktemp"},
      {"logging", "FileHandler"},
      {"venv", "create"},
      {"distutils.file_util", "write_file"},
      {"setuptools", "setup"},
      {"linecache", "getline"},
      {"zipimport", "zipimporter"},
      {"imp", "load_source"},
      {"commands", "getoutput"},
      {"gc", "get_objects"},
  };
  std::vector<Case> cases;
  for (const auto& [module, name] : refused) {
    cases.push_back({Bytes(module) + "." + name, beside(global(module, name)), Fault::pickle_global});
    cases.push_back({Bytes(module) + "." + name + " by STACK_GLOBAL", beside(text(module) + text(name) + "\x93"),
                     Fault::pickle_global});
  }
  const std::pair<const char*, std::pair<Bytes, Bytes>> odd[] = {
      {"name with a dot", {"torch", "serialization.os"}},
      {"name with a newline", {"m", "a\nb"}},
      {"name with a space", {"m", "a b"}},
      {"empty name", {"m", ""}},
      {"empty module", {"", "a"}},
      {"module with a newline", {"o\ns", "system"}},
      {"name with a NUL", {"m", Bytes("a\0b", 3)}},
      {"module with a path", {"../m", "a"}},
  };
  for (const auto& [label, pair] : odd) {
    const auto [module, name] = pair;
    cases.push_back({label, beside(text(module) + text(name) + "\x93"), Fault::pickle_global});
  }
  EXPECT_GE(cases.size(), 45u);
  expect_faults(cases);
}

TEST(PickleHostile, CallsAreRefused) {
  const Op command = tuple({text("touch /tmp/owned")});
  expect_faults({
      {"os.system called", beside(reduce(global("os", "system"), command)), Fault::pickle_global},
      {"function of a stranger", beside(reduce(global("evil", "run"), command)), Fault::pickle_call},
      {"function of __main__", beside(reduce(global("__main__", "run"), command)), Fault::pickle_call},
      {"torch.hub.load", beside(reduce(global("torch.hub", "load"), command)), Fault::pickle_call},
      {"torch.load", beside(reduce(global("torch", "load"), command)), Fault::pickle_call},
      {"storage from bytes", beside(reduce(global("torch.storage", "_load_from_bytes"), command)), Fault::pickle_call},
      {"torch run_cprofile", beside(reduce(global("torch.utils.bottleneck.__main__", "run_cprofile"), command)),
       Fault::pickle_call},
      {"torch execWrapper", beside(reduce(global("torch.jit.unsupported_tensor_ops", "execWrapper"), command)),
       Fault::pickle_call},
      {"torch collect_env", beside(reduce(global("torch.utils.collect_env", "run"), command)), Fault::pickle_call},
      {"numpy runstring", beside(reduce(global("numpy.testing._private.utils", "runstring"), command)),
       Fault::pickle_call},
      {"numpy f2py", beside(reduce(global("numpy.f2py.crackfortran", "getlincoef"), command)), Fault::pickle_call},
      {"right name, wrong module", only(reduce(global("torch", "_rebuild_tensor_v2"), ")")), Fault::unsupported_tensor},
      {"right name, a stranger's module", only(reduce(global("evil", "_rebuild_tensor_v2"), ")")), Fault::pickle_call},
      {"storage type called", beside(reduce(global("torch", "FloatStorage"), ")")), Fault::pickle_call},
      {"dtype called", beside(reduce(global("torch", "float32"), ")")), Fault::pickle_call},
      // Data that merely looks odd: kept as inert records.
      {"argparse.Namespace", beside(object(global("argparse", "Namespace"), dict({{text("lr"), integer(1)}}))),
       std::nullopt},
      {"class of a stranger", beside(object(global("yacs.config", "CfgNode"), dict({})) + "(K\x01K\x02u"),
       std::nullopt},
      {"enum", beside(reduce(global("project", "Mode"), tuple({integer(1)}))), std::nullopt},
      {"path", beside(reduce(global("pathlib", "PosixPath"), tuple({text("/"), text("x")}))), std::nullopt},
      {"numpy scalar",
       beside(reduce(global("numpy.core.multiarray", "scalar"),
                     tuple({reduce(global("numpy", "dtype"), tuple({text("f8")})), text("x")}))),
       std::nullopt},
      {"old-style instance",
       beside(reduce(global("copyreg", "_reconstructor"),
                     tuple({global("a.b", "C"), global("builtins", "object"), none()})) +
              "}b"),
       std::nullopt},
      {"defaultdict", beside(reduce(global("collections", "defaultdict"), tuple({global("builtins", "list")}))),
       std::nullopt},
      {"set of Python 2", beside(reduce(global("__builtin__", "set"), tuple({list({integer(1)})}))), std::nullopt},
      {"function as a value", beside(global("torch.nn.functional", "relu")), std::nullopt},
      {"list-like class with entries",
       beside(reduce(global("collections", "deque"), ")") + "(K\x01K\x02"
                                                            "e"),
       std::nullopt},
  });
}

}  // namespace
}  // namespace vitral::weights::build
