# SPDX-License-Identifier: Apache-2.0
"""Any system can report complaints as signed JSON. The smallest complete channel: copy this folder to make another."""
