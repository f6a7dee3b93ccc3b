// Owns the precompiled header that every LibTorch-based target reuses.
