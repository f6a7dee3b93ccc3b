#include "common/weights/pickle_globals.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

namespace vitral::weights::pickle {
namespace {

/// Python's own modules (2.7 to 3.14) and the installers, sorted. Those that begin with an underscore are refused by
/// that.
// clang-format off
constexpr std::string_view kPythonLibrary[] = {
    "Queue", "StringIO", "abc", "aifc", "antigravity", "argparse", "array", "ast", "asynchat", "asyncio", "asyncore",
    "atexit", "audioop", "base64", "bdb", "binascii", "binhex", "bisect", "builtins", "bz2", "cPickle", "cProfile",
    "cStringIO", "calendar", "cgi", "cgitb", "chunk", "cmath", "cmd", "code", "codecs", "codeop", "collections",
    "colorsys", "commands", "compileall", "compiler", "concurrent", "configparser", "contextlib", "contextvars",
    "copy", "copy_reg", "copyreg", "crypt", "csv", "ctypes", "curses", "dataclasses", "datetime", "dbm", "decimal",
    "difflib", "dis", "distutils", "dl", "doctest", "dummy_threading", "email", "encodings", "ensurepip", "enum",
    "errno", "exceptions", "faulthandler", "fcntl", "filecmp", "fileinput", "fnmatch", "fractions", "ftplib",
    "functools", "gc", "genericpath", "getopt", "getpass", "gettext", "glob", "graphlib", "grp", "gzip", "hashlib",
    "heapq", "hmac", "html", "http", "httplib", "idlelib", "imaplib", "imghdr", "imp", "importlib", "imputil",
    "inspect", "io", "ipaddress", "itertools", "json", "keyword", "lib2to3", "linecache", "locale", "logging", "lzma",
    "macpath", "mailbox", "mailcap", "marshal", "math", "mimetypes", "mmap", "modulefinder", "msilib", "msvcrt",
    "multiprocessing", "netrc", "nis", "nntplib", "nt", "ntpath", "nturl2path", "numbers", "opcode", "operator",
    "optparse", "os", "ossaudiodev", "pathlib", "pdb", "pickle", "pickletools", "pip", "pipes", "pkg_resources",
    "pkgutil", "platform", "plistlib", "popen2", "poplib", "posix", "posixpath", "pprint", "profile", "pstats", "pty",
    "pwd", "py_compile", "pyclbr", "pydoc", "pydoc_data", "pyexpat", "queue", "quopri", "random", "re", "readline",
    "reprlib", "resource", "rexec", "rlcompleter", "runpy", "sched", "secrets", "select", "selectors", "setuptools",
    "shelve", "shlex", "shutil", "signal", "site", "smtpd", "smtplib", "sndhdr", "socket", "socketserver", "spwd",
    "sqlite3", "sre_compile", "sre_constants", "sre_parse", "ssl", "stat", "statistics", "string", "stringprep",
    "struct", "subprocess", "sunau", "symtable", "sys", "sysconfig", "syslog", "tabnanny", "tarfile", "telnetlib",
    "tempfile", "termios", "textwrap", "this", "thread", "threading", "time", "timeit", "tkinter", "token",
    "tokenize", "tomllib", "trace", "traceback", "tracemalloc", "tty", "turtle", "turtledemo", "types", "typing",
    "unicodedata", "unittest", "urllib", "urllib2", "uu", "uuid", "venv", "warnings", "wave", "weakref", "webbrowser",
    "winreg", "winsound", "wsgiref", "xdrlib", "xml", "xmlrpc", "zipapp", "zipfile", "zipimport", "zlib", "zoneinfo",
};
// clang-format on

struct Known {
  std::string_view module, name;
  Role role;
};

/// The names of Python's library that checkpoints hold, and those of others whose role their spelling does not show.
constexpr Known kKnown[] = {
    {"collections", "OrderedDict", Role::dict},
    {"collections", "defaultdict", Role::dict},
    {"collections", "Counter", Role::dict},
    {"collections", "deque", Role::type},
    {"argparse", "Namespace", Role::type},
    {"types", "SimpleNamespace", Role::type},
    {"pathlib", "Path", Role::type},
    {"pathlib", "PurePath", Role::type},
    {"pathlib", "PosixPath", Role::type},
    {"pathlib", "PurePosixPath", Role::type},
    {"pathlib", "WindowsPath", Role::type},
    {"pathlib", "PureWindowsPath", Role::type},
    {"pathlib._local", "PosixPath", Role::type},
    {"pathlib._local", "PurePosixPath", Role::type},
    {"pathlib._local", "WindowsPath", Role::type},
    {"datetime", "datetime", Role::type},
    {"datetime", "date", Role::type},
    {"datetime", "time", Role::type},
    {"datetime", "timedelta", Role::type},
    {"datetime", "timezone", Role::type},
    {"decimal", "Decimal", Role::type},
    {"fractions", "Fraction", Role::type},
    {"uuid", "UUID", Role::type},
    {"random", "Random", Role::type},
    {"time", "struct_time", Role::type},
    {"typing", "Any", Role::type},
    {"typing", "Union", Role::type},
    {"typing", "Optional", Role::type},
    {"copyreg", "_reconstructor", Role::constructor},
    {"copy_reg", "_reconstructor", Role::constructor},
    {"_codecs", "encode", Role::constructor},
    {"numpy", "dtype", Role::type},
    {"numpy", "ndarray", Role::type},
    {"torch", "device", Role::constructor},
    {"torch", "Size", Role::size},
    {"torch", "Tensor", Role::tensor_type},
    {"torch.nn.parameter", "Parameter", Role::tensor_type},
    {"torch.nn.parameter", "Buffer", Role::tensor_type},
    {"torch._utils", "_rebuild_tensor", Role::rebuild_v1},
    {"torch._utils", "_rebuild_tensor_v2", Role::rebuild_v2},
    {"torch._utils", "_rebuild_tensor_v3", Role::rebuild_v3},
    {"torch._utils", "_rebuild_parameter", Role::rebuild_parameter},
    {"torch._utils", "_rebuild_parameter_with_state", Role::rebuild_parameter},
    {"torch._tensor", "_rebuild_from_type_v2", Role::rebuild_from_type},
};

/// Lower-case types of `builtins` (Python 2: `__builtin__`) that hold data.
constexpr std::string_view kBuiltinTypes[] = {"bool",  "bytearray", "bytes", "complex", "dict",
                                              "float", "int",       "list",  "long",    "object",
                                              "range", "slice",     "str",   "tuple",   "unicode"};

constexpr std::pair<std::string_view, Dtype> kStorages[] = {
    {"DoubleStorage", Dtype::f64},    {"FloatStorage", Dtype::f32},  {"HalfStorage", Dtype::f16},
    {"BFloat16Storage", Dtype::bf16}, {"LongStorage", Dtype::i64},   {"IntStorage", Dtype::i32},
    {"ShortStorage", Dtype::i16},     {"CharStorage", Dtype::i8},    {"ByteStorage", Dtype::u8},
    {"BoolStorage", Dtype::boolean},  {"UntypedStorage", Dtype::u8}, {"ComplexFloatStorage", Dtype::c64},
};

constexpr std::pair<std::string_view, Dtype> kDtypeNames[] = {
    {"float64", Dtype::f64},
    {"double", Dtype::f64},
    {"float32", Dtype::f32},
    {"float", Dtype::f32},
    {"float16", Dtype::f16},
    {"half", Dtype::f16},
    {"bfloat16", Dtype::bf16},
    {"int64", Dtype::i64},
    {"long", Dtype::i64},
    {"int32", Dtype::i32},
    {"int16", Dtype::i16},
    {"int8", Dtype::i8},
    {"uint8", Dtype::u8},
    {"uint16", Dtype::u16},
    {"uint32", Dtype::u32},
    {"uint64", Dtype::u64},
    {"bool", Dtype::boolean},
    {"complex64", Dtype::c64},
    {"float8_e4m3fn", Dtype::f8_e4m3},
    {"float8_e5m2", Dtype::f8_e5m2},
    {"float8_e4m3fnuz", Dtype::f8_e4m3fnuz},
    {"float8_e5m2fnuz", Dtype::f8_e5m2fnuz},
    {"float8_e8m0fnu", Dtype::f8_e8m0},
};

template <typename Table>
std::optional<Dtype> look_up(const Table& table, std::string_view name) {
  for (const auto& [key, dtype] : table) {
    if (key == name) return dtype;
  }
  return std::nullopt;
}

bool is_python_library(std::string_view module) {
  const std::string_view top = module.substr(0, module.find('.'));
  if (top.starts_with('_')) return top != "__main__";
  return std::binary_search(std::begin(kPythonLibrary), std::end(kPythonLibrary), top);
}

/// By convention classes begin with a capital letter and functions do not.
Role by_spelling(std::string_view name) {
  const std::size_t first = name.find_first_not_of('_');
  return first != std::string_view::npos && name[first] >= 'A' && name[first] <= 'Z' ? Role::type : Role::function;
}

GlobalFacts classify_builtin(std::string_view name) {
  if (name == "set" || name == "frozenset") return {Role::set};
  const bool known = std::find(std::begin(kBuiltinTypes), std::end(kBuiltinTypes), name) != std::end(kBuiltinTypes);
  return {known ? Role::type : Role::refused};
}

GlobalFacts classify_torch(std::string_view module, std::string_view name) {
  if (module == "torch" || module == "torch.storage") {
    if (const auto dtype = look_up(kStorages, name)) return {Role::storage, *dtype};
    if (name.ends_with("Storage")) return {Role::unsupported_tensor};  // quantised, complex128
  }
  if (module == "torch") {
    if (const auto dtype = look_up(kDtypeNames, name)) return {Role::dtype, *dtype};
  }
  if (name.starts_with("_rebuild_")) return {Role::unsupported_tensor};
  return {by_spelling(name)};
}

/// numpy's reducers moved from numpy.core to numpy._core in version 2.
GlobalFacts classify_numpy(std::string_view module, std::string_view name) {
  const bool reducer = module.ends_with("core.multiarray") && (name == "scalar" || name == "_reconstruct");
  const bool frombuffer = module.ends_with("core.numeric") && name == "_frombuffer";
  const bool random_state = module == "numpy.random._pickle" && name.ends_with("_ctor");
  if (reducer || frombuffer || random_state) return {Role::constructor};
  return {by_spelling(name)};
}

}  // namespace

GlobalFacts classify(std::string_view module, std::string_view name) {
  for (const auto& known : kKnown) {
    if (known.module == module && known.name == name) return {known.role};
  }
  if (module == "builtins" || module == "__builtin__") return classify_builtin(name);
  if (module == "torch" || module.starts_with("torch.")) return classify_torch(module, name);
  if (module.starts_with("numpy.")) return classify_numpy(module, name);
  if (is_python_library(module)) return {Role::refused};
  return {by_spelling(name)};
}

}  // namespace vitral::weights::pickle
