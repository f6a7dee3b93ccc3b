/// The inner loop of the assignment solver, plain and with AVX2.
#pragma once

#include <Eigen/Core>
#include <cstdint>

namespace vitral {

inline constexpr Eigen::Index kScanLanes = 4;  ///< the arrays of a scan are padded to a multiple of this

/// A row that is reached at distance `base`, and what is known of the columns. Columns that may no longer be chosen,
/// and the padding, have a distance of +inf and either a cost of +inf or a dual of -inf, so that they stay infinite.
struct ColumnScan {
  Eigen::Index row;
  double base, row_dual;
  const double* cost;          ///< [size]
  const double* dual;          ///< [size]
  double* distance;            ///< [size]
  std::int64_t* previous_row;  ///< [size]
  Eigen::Index size;           ///< a multiple of kScanLanes
};

struct NearestColumn {
  Eigen::Index col = -1;  ///< -1: every distance is infinite
  double distance = 0.0;
  bool maybe_tied = false;  ///< false: no other column is as near
};

/// Lowers every distance that is shorter through `scan.row` (base + cost - row dual - column dual, added in this
/// order), notes the row as the previous one there, and returns a nearest column.
NearestColumn scan_columns(const ColumnScan& scan);

/// The same without vector instructions: what other processors run, and what the fast one is tested against.
NearestColumn scan_columns_plain(const ColumnScan& scan);

}  // namespace vitral
