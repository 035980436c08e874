#include "walk/moods.h"

namespace credential_broker::walk {

h2::Limits LimitsOf(std::uint64_t mood, Choices& choices) {
  auto milliseconds = [&](std::uint32_t least, std::uint32_t more) {
    return absl::Milliseconds(least + choices.Below(more));
  };
  h2::Limits limits;
  limits.shutdown_notice = milliseconds(5, 40);
  limits.unread_output_timeout = milliseconds(50, 100);
  limits.trust_check_spread = absl::Milliseconds(20);
  limits.wall_clock_check = absl::Milliseconds(20);
  switch (mood) {
    case 1:  // hasty
      limits.handshake_timeout = milliseconds(10, 60);
      limits.settings_timeout = milliseconds(10, 60);
      limits.idle_timeout = milliseconds(10, 60);
      limits.unread_output_timeout = milliseconds(10, 40);
      limits.keepalive_interval = milliseconds(10, 40);
      limits.keepalive_timeout = milliseconds(10, 40);
      break;
    case 2:  // small
      (choices.OneIn(2) ? limits.max_connections : limits.max_connections_per_address) = 10;
      limits.max_streams = 3;
      limits.max_streams_per_principal = 2 + choices.Below(8);
      limits.max_header_section = 8 * 1024;
      limits.max_queued_output = 64 * 1024;
      limits.max_unread_output = 8 * 1024;
      limits.resets = limits.idle_frames = {20, 50};
      limits.pings = limits.settings = {1, 10};
      break;
    case 3:  // short-lived
      limits.max_connection_age = milliseconds(30, 150);
      limits.max_connection_age_grace = milliseconds(5, 80);
      break;
    case 4:  // generous
      limits.resets = limits.pings = limits.settings = limits.idle_frames = {1e9, 1e9};
      limits.max_queued_output = 64 * 1024 * 1024;
      break;
    case 5:  // crowded: few places before authentication
      (choices.OneIn(2) ? limits.max_handshakes : limits.max_handshakes_per_address) =
          1 + choices.Below(8);
      break;
    case 6:  // thrifty: little for all together, and for each principal
      limits.max_queued_output_total = std::size_t{16 * 1024} << choices.Below(6);
      limits.max_streams_per_principal = 1 + choices.Below(8);
      if (choices.OneIn(2)) {
        limits.max_connections_per_principal = 1 + choices.Below(5);
      }
      break;
    default:
      break;
  }
  return limits;
}

}  // namespace credential_broker::walk
