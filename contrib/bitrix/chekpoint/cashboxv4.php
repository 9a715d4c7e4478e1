<?php

namespace Chekpoint\Bitrix;

use Bitrix\Sale\Cashbox\CashboxAtolFarmV4;

require_once __DIR__ . '/address.php';

/**
 * A cashbox of 1C-Bitrix that speaks protocol v4 (FFD 1.05) with a Chekpoint node.
 */
class CashboxV4 extends CashboxAtolFarmV4
{
	use Address;

	const PROTOCOL = 'v4';
	const TITLE = 'Chekpoint (ФФД 1.05)';

	/** Apart from the token of the original service: one site may use both. */
	const TOKEN_OPTION_NAME = 'chekpoint_access_token_v4';
}
