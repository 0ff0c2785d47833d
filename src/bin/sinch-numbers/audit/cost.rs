//! Sums of money for a month, without rounding.

use sinch_numbers::Money;

/// The decimals of a price that count.
const DECIMALS: u32 = 12;

/// An exact sum of prices, each divided by the months that it pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// In units of 10^-`DECIMALS`, times `months`.
    units: i128,
    months: i128,
}

impl Cost {
    pub(super) const NOTHING: Self = Self { units: 0, months: 1 };

    /// Returns the price for a month; `None` if it cannot be computed.
    pub(super) fn of(price: &Money, months: i32) -> Option<Self> {
        let months = i128::from(months);
        Self { units: price.amount_in(DECIMALS)?, months }.within_range()
    }

    /// Returns the sum; `None` if it is too big.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let months = self.months / divisor(self.months, other.months);
        let months = months.checked_mul(other.months)?;
        let scaled = |cost: Self| cost.units.checked_mul(months / cost.months);
        Self { units: scaled(self)?.checked_add(scaled(other)?)?, months }.within_range()
    }

    /// Returns `None` if later computations could overflow.
    fn within_range(self) -> Option<Self> {
        let fits =
            self.units.unsigned_abs() < 10_u128.pow(36) && (1..1 << 30).contains(&self.months);
        fits.then_some(self)
    }

    /// Writes it with two decimals, or as many more as it has; with four if they never end.
    pub(super) fn text(self) -> String {
        let Self { units, months } = self;
        let last = if units % months == 0 { 1 } else { 10_i128.pow(DECIMALS - 4) };
        // Half of the last decimal is rounded up.
        let rounded = (2 * units + last * months).div_euclid(2 * last * months) * last;
        let sign = if rounded < 0 { "-" } else { "" };
        let (rounded, unit) = (rounded.unsigned_abs(), 10_u128.pow(DECIMALS));
        let decimals = format!("{:012}", rounded % unit);
        let kept = decimals.trim_end_matches('0').len().max(2);
        format!("{sign}{}.{}", rounded / unit, &decimals[..kept])
    }

    /// Returns its share of a larger sum, per mille.
    pub(super) fn share_of(self, all: Self) -> usize {
        let of = |cost: Self| cost.units / cost.months;
        let share = of(self).checked_mul(1000).and_then(|part| part.checked_div(of(all)));
        share.and_then(|share| usize::try_from(share).ok()).unwrap_or(0).min(1000)
    }
}

/// The greatest common divisor of two positive numbers.
fn divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(prices: &[(&str, i32)]) -> Option<Cost> {
        prices.iter().try_fold(Cost::NOTHING, |sum, (amount, months)| {
            let price: Money =
                serde_json::from_value(serde_json::json!({ "amount": amount })).unwrap();
            sum.plus(Cost::of(&price, *months)?)
        })
    }

    #[test]
    fn sums_are_exact() {
        for (prices, sum) in [
            (&[][..], "0.00"),
            (&[("2.00", 1), ("0.8", 1)], "2.80"),
            (&[("24.00", 12)], "2.00"),
            (&[("0.1", 1), ("0.2", 1)], "0.30"),
            (&[("1.005", 1), ("0.0005", 1)], "1.0055"),
            // Thirds that make up a whole.
            (&[("10.00", 3), ("10.00", 3), ("10.00", 3)], "10.00"),
            (&[("0.80", 12), ("1", 7)], "0.2095"),
            (&[("10.00", 3)], "3.3333"),
            (&[("20.00", 3)], "6.6667"),
            (&[("-10.00", 3)], "-3.3333"),
            (&[("-2.50", 1)], "-2.50"),
            (&[("123456789012345678.99", 1)], "123456789012345678.99"),
        ] {
            assert_eq!(cost(prices).unwrap().text(), sum, "{prices:?}");
        }
        let many = vec![("0.10", 1); 10_000];
        assert_eq!(cost(&many).unwrap().text(), "1000.00");
    }

    #[test]
    fn what_is_no_price_has_no_sum() {
        for price in [("", 1), ("2.00", 0), ("2.00", -1), ("1e3", 1), ("2,00", 1)] {
            assert_eq!(cost(&[price]), None, "{price:?}");
        }
        assert_eq!(cost(&[("600000000000000000000000", 1); 2]), None);
    }
}
