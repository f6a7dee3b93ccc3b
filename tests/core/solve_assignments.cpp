// Solves the assignment problems of standard input, for comparisons with other solvers (tests/parity/assignment.py).
//
// In, in the machine's byte order: int64 count, then for each problem int64 rows, int64 columns, double costs row by
// row. Out: for each problem its pairs as int64 row, int64 column. With an argument N every problem is solved N times
// more and the fastest, in microseconds, is written to standard error, a line each.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "common/core/assignment.h"

namespace {

template <class T>
void read(T* values, std::size_t count) {
  if (std::fread(values, sizeof(T), count, stdin) != count) throw std::runtime_error("standard input is too short");
}

std::int64_t read_int() {
  std::int64_t value = 0;
  read(&value, 1);
  return value;
}

double fastest_us(vitral::AssignmentSolver& solver, const vitral::CostMatrix& cost, int times) {
  double fastest = 1e30;
  for (int i = 0; i < times; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    solver.solve(cost);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    fastest = std::min(fastest, took.count());
  }
  return fastest;
}

}  // namespace

int main(int count_of_arguments, char** arguments) {
  const int times = count_of_arguments > 1 ? std::atoi(arguments[1]) : 0;
  vitral::AssignmentSolver solver;
  for (std::int64_t left = read_int(); left > 0; --left) {
    const std::int64_t rows = read_int(), columns = read_int();
    vitral::CostMatrix cost(rows, columns);
    read(cost.data(), static_cast<std::size_t>(cost.size()));
    for (const auto& [row, column] : solver.solve(cost)) {
      const std::int64_t pair[] = {row, column};
      std::fwrite(pair, sizeof pair, 1, stdout);
    }
    if (times > 0) std::fprintf(stderr, "%.3f\n", fastest_us(solver, cost, times));
  }
}
