# SPDX-License-Identifier: Apache-2.0
"""codeflash inside Python programs: recording, replaying, timing."""
