"""When the alerts that have nothing to do with tokens fire, at scrape intervals of 15, 30 and 60 s."""

import pytest

from support.broker_model import DAY, Credential, Exported
from support.promtool import EVALUATION, RuleTest, seen

HOUR = 3600


def exported_by_a_healthy_broker(until, **target):
    exported = Exported(**target)
    Credential(exported, lambda *_: ("ok", 0.1), 300, until)
    return exported


class TestConfiguration:
    SUCCESSFUL = "credential_broker_config_last_reload_successful"

    def test_it_fires_for_as_long_as_the_configuration_is_wrong(self, tmp_path, scrape):
        refused, fixed, until = 301, 2 * HOUR, 2 * HOUR + 600
        exported = exported_by_a_healthy_broker(until)
        exported.set(refused, self.SUCCESSFUL, 0)
        exported.set(fixed, self.SUCCESSFUL, 1)
        test = RuleTest()
        case = test.case(exported, scrape, until)
        case.firing(refused + 119)
        case.fires_throughout(refused + 120 + seen(scrape) + EVALUATION, fixed - 1, "ConfigurationRefused")
        case.firing(fixed + seen(scrape))
        case.fired("ConfigurationRefused")
        assert test.report(tmp_path) == ""

    def test_files_that_arrive_a_minute_apart_fire_nothing(self, tmp_path, scrape):
        exported = exported_by_a_healthy_broker(900)
        exported.set(301, self.SUCCESSFUL, 0)
        exported.set(359, self.SUCCESSFUL, 1)
        test = RuleTest()
        case = test.case(exported, scrape, 900)
        case.fired()
        assert test.report(tmp_path) == ""


@pytest.mark.parametrize(
    ("certificate", "alert"), [("server", "ServerCertificateExpires"), ("client_ca", "ClientCaExpires")]
)
class TestCertificates:
    def test_it_fires_from_14_days_before_the_end_until_the_renewal(self, tmp_path, scrape, certificate, alert):
        until, renewed = 2 * HOUR, 90 * 60
        exported = exported_by_a_healthy_broker(until)
        # 14 days and 10 minutes are left of 90 days.
        exported.set_certificate(certificate, -76 * DAY, 14 * DAY + 600)
        exported.set_certificate(certificate, renewed, renewed + 90 * DAY, time=renewed)
        test = RuleTest()
        case = test.case(exported, scrape, until)
        case.firing(600)
        case.firing(600 + seen(scrape), alert)
        case.firing(renewed - 1, alert)
        case.firing(renewed + seen(scrape))
        case.fired(alert)
        assert test.report(tmp_path) == ""

    def test_an_expired_one_goes_on_firing(self, tmp_path, scrape, certificate, alert):
        exported = exported_by_a_healthy_broker(HOUR)
        exported.set_certificate(certificate, -90 * DAY, 60)
        test = RuleTest()
        case = test.case(exported, scrape, HOUR)
        case.firing(HOUR, alert)
        assert test.report(tmp_path) == ""

    def test_one_that_lives_an_hour_fires_only_if_it_is_not_renewed(self, tmp_path, scrape, certificate, alert):
        """As SPIRE issues them: renewed at half of their life."""
        until = 4 * HOUR
        exported = exported_by_a_healthy_broker(until)
        renewals = range(0, 2 * HOUR + 1, HOUR // 2)
        for renewed in renewals:
            exported.set_certificate(certificate, renewed, renewed + HOUR, time=renewed)
        test = RuleTest()
        case = test.case(exported, scrape, until)
        fires = renewals[-1] + HOUR * 3 // 4
        case.firing(fires)
        case.firing(fires + seen(scrape), alert)
        case.fired(alert)
        assert test.report(tmp_path) == ""


class TestCallersDenied:
    DENIED = "credential_broker_callers_denied_total"

    def exported(self, until, begins, ends, per_second):
        exported = exported_by_a_healthy_broker(until)
        for second in range(begins, ends):
            count = int((second - begins + 1) * per_second)
            exported.set(second, self.DENIED, count, reason="CALLER_NOT_ALLOWED")
        return exported

    def test_a_flood_fires_within_ten_minutes_and_ends(self, tmp_path, scrape):
        begins, ends, until = 600, 2400, 3600
        exported = self.exported(until, begins, ends, per_second=2)
        test = RuleTest()
        case = test.case(exported, scrape, until)
        case.firing(begins + 300)
        case.firing(begins + 600, "CallersDenied")
        case.firing(ends, "CallersDenied")
        case.firing(ends + 300 + seen(scrape))
        case.fired("CallersDenied")
        assert test.report(tmp_path) == ""

    @pytest.mark.parametrize(("seconds", "per_second"), [(60, 2), (2400, 0.2)], ids=["a minute", "a retry every 5 s"])
    def test_a_caller_that_is_denied_now_and_then_fires_nothing(self, tmp_path, scrape, seconds, per_second):
        exported = self.exported(3600, 600, 600 + seconds, per_second)
        test = RuleTest()
        case = test.case(exported, scrape, 3600)
        case.fired()
        assert test.report(tmp_path) == ""


class TestAbsent:
    def test_a_broker_that_is_gone_fires_until_it_is_back(self, tmp_path, scrape):
        gone, back, until = 600, 4 * HOUR, 5 * HOUR
        test = RuleTest()
        exported = exported_by_a_healthy_broker(until)
        case = test.case(exported, scrape, until, down=lambda time: gone <= time < back)
        case.firing(gone + 119)
        case.fires_throughout(gone + 120 + seen(scrape) + EVALUATION, back - 1, "Absent")
        case.firing(back + seen(scrape))
        case.fired("Absent")
        assert test.report(tmp_path) == ""

    @pytest.mark.parametrize("label", ["job", "service"])
    def test_one_of_two_that_is_gone_fires_for_itself(self, tmp_path, scrape, label):
        """Two jobs, or two releases of the chart in a namespace."""
        until = 6 * HOUR
        test = RuleTest()
        test.case(exported_by_a_healthy_broker(until), scrape, until)
        other = exported_by_a_healthy_broker(until, instance="10.1.2.4:9090", **{label: "other"})
        case = test.case(other, scrape, until, down=lambda time: time >= 600)
        case.firing(until - 1, "Absent")
        case.names(until - 1, label, "other")
        case.fired("Absent")
        assert test.report(tmp_path) == ""

    def test_one_of_two_replicas_that_is_replaced_fires_nothing(self, tmp_path, scrape):
        until = 2 * HOUR
        test = RuleTest()
        test.case(exported_by_a_healthy_broker(until), scrape, until).fired()
        replaced = exported_by_a_healthy_broker(until, instance="10.1.2.4:9090")
        test.case(replaced, scrape, until, down=lambda time: time >= 600).fired()
        assert test.report(tmp_path) == ""

    def test_a_broker_that_was_never_there_fires(self, tmp_path):
        test = RuleTest()
        case = test.case_without_broker(600)
        case.firing(120 + 2 * EVALUATION, "Absent")
        assert test.report(tmp_path) == ""


def test_dropped_log_lines_fire_at_once_and_for_15_minutes(tmp_path, scrape):
    dropped, until = 601, 2 * HOUR
    exported = exported_by_a_healthy_broker(until)
    exported.set(dropped, "credential_broker_log_lines_dropped_total", 1)
    test = RuleTest()
    case = test.case(exported, scrape, until)
    case.firing(dropped - 1)
    case.firing(dropped + seen(scrape), "LogLinesDropped")
    case.firing(dropped + 14 * 60, "LogLinesDropped")
    case.firing(dropped + 15 * 60 + seen(scrape))
    case.fired("LogLinesDropped")
    assert test.report(tmp_path) == ""
