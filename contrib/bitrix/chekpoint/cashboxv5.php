<?php

namespace Chekpoint\Bitrix;

use Bitrix\Sale\Cashbox\CashboxAtolFarmV5;

require_once __DIR__ . '/address.php';

/**
 * A cashbox of 1C-Bitrix that speaks protocol v5 (FFD 1.2) with a Chekpoint node.
 */
class CashboxV5 extends CashboxAtolFarmV5
{
	use Address;

	const PROTOCOL = 'v5';
	const TITLE = 'Chekpoint (ФФД 1.2)';

	/** Apart from the token of the original service: one site may use both. */
	const TOKEN_OPTION_NAME = 'chekpoint_access_token_v5';
}
