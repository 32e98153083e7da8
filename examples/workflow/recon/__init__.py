# SPDX-License-Identifier: Apache-2.0
"""Nightly reconciliation: what was ordered, paid, sent and left on the shelf."""
